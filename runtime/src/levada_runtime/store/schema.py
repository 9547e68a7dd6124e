"""Bringing a database to the present schema, by alembic."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.store import postgresql
from levada_runtime.store.engine import writing
from levada_runtime.store.locks import lock

_MIGRATIONS = Path(__file__).parent / "migrations"


def revision_of(engine: sa.Engine) -> str | None:
    """Return the schema revision a database is at; None when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """Return the revision this version of the runtime works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return str(head)


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the database to the newest revision; several processes may try at once.

    Raises EnvironmentFailure when the database is from a newer runtime, or cannot hold a store.
    """
    if revision == "head" and revision_of(engine) == newest_revision():
        return
    with _alone(engine) as connection:
        _check(MigrationContext.configure(connection).get_current_revision())
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _check(current: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
        raise EnvironmentFailure(
            f"the store is at revision {current}, which this version of the runtime does not know",
            code="store_too_new",
            hint="run the newer version of the runtime, or give another --data-dir",
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction for all migrations, while no other process migrates the same database."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            postgresql.check(connection)
            lock(connection, "migrations")
            yield connection
        return
    with Path(f"{engine.url.database}.migrating").open("w") as only_one:
        fcntl.flock(only_one, fcntl.LOCK_EX)
        with writing(engine).begin() as connection:
            yield connection
