"""Bringing a database to the present schema, by alembic, which is loaded only when there is something to bring."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.store import postgresql
from levada_runtime.store.engine import writing
from levada_runtime.store.locks import lock

_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION = sa.table("alembic_version", sa.column("version_num"))


def revision_of(engine: sa.Engine) -> str | None:
    """Return the schema revision a database is at; None when it is empty."""
    with engine.connect() as connection:
        return _revision(connection)


def newest_revision() -> str:
    """Return the revision this version of the runtime works with."""
    return max(_known())


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the database to the newest revision; several processes may try at once.

    Raises EnvironmentFailure when the database is from a newer runtime, or cannot hold a store.
    """
    if revision == "head" and revision_of(engine) == newest_revision():
        return
    with _alone(engine) as connection:
        _check(_revision(connection))
        _migrate(connection, revision)


def _migrate(connection: sa.Connection, revision: str) -> None:
    from alembic import command  # most commands find nothing to migrate, and start the faster without it
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(_VERSION.name):
        return None
    found: str | None = connection.execute(sa.select(_VERSION.c.version_num)).scalar()
    return found


def _known() -> set[str]:
    """Return the revisions there are; the name of a migration's file begins with its own."""
    return {path.stem.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py")}


def _check(current: str | None) -> None:
    if current is not None and current not in _known():
        raise EnvironmentFailure(
            f"the store is at revision {current}, which this version of the runtime does not know",
            code="store_too_new",
            hint="run the newer version of the runtime, or give another --data-dir",
        )


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
