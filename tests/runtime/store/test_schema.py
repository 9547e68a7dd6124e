"""The migrations lead to exactly the tables that the code knows."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.store import schema
from levada_runtime.store.columns import Instant, Json
from levada_runtime.store.schema import newest_revision, revision_of, upgrade
from levada_runtime.store.tables import metadata

GLOBAL = {"orgs", "connectors", "connector_approvals", "connector_quarantines"}


def test_the_migrations_lead_to_the_tables_of_the_code(store):
    """A table that was changed without a migration shows here."""
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert revision_of(store.engine) == newest_revision()


def test_a_migration_is_known_by_the_name_of_its_file():
    """What alembic would say, without loading it."""
    script = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
    assert script.get_current_head() == newest_revision()
    for revision in script.walk_revisions():
        assert Path(revision.path).name.startswith(f"{revision.revision}_")


def test_upgrading_twice_changes_nothing(store):
    """Every command may try."""
    upgrade(store.engine)
    assert revision_of(store.engine) == newest_revision()


def test_a_store_from_a_newer_runtime_is_refused_by_name(store):
    """An older runtime never writes into a newer schema."""
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(EnvironmentFailure, match="9999"):
        upgrade(store.engine)


def test_organisation_and_connection_lead_every_key():
    """What belongs to one organisation can be put on a database of its own."""
    for table in metadata.sorted_tables:
        if table.name in GLOBAL:
            continue
        keys = [table.primary_key, *(one for one in table.constraints if isinstance(one, sa.UniqueConstraint))]
        for key in keys:
            names = [column.name for column in key.columns]
            assert names[0] == "org_id", (table.name, names)
            assert "connection_id" not in table.c or names[1] == "connection_id", (table.name, names)


@pytest.mark.databases("sqlite")
def test_sqlite_writes_are_durable_and_do_not_block_readers(store):
    """The store runs in WAL mode and syncs every commit."""
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        kinds = {type(column.type) for table in metadata.sorted_tables for column in table.columns}
    assert {Instant, Json} <= kinds
