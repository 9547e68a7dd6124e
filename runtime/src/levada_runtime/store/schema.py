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

_MIGRATIONS = Path(__file__).parent / "migrations"


def revision_of(engine: sa.Engine) -> str | None:
    """Return the schema revision a database is at; None when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """Return the revision this version of the runtime works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return str(head)


def upgrade(engine: sa.Engine) -> None:
    """Bring the database to the newest revision; several processes may try at once.

    Raises EnvironmentFailure when the database is from a newer runtime.
    """
    with _only_one(engine):
        current = revision_of(engine)
        if current == newest_revision():
            return
        known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
        if current is not None and current not in known:
            raise EnvironmentFailure(
                f"the store is at revision {current}, which this version of the runtime does not know",
                code="store_too_new",
                hint="run the newer version of the runtime, or give another --data-dir",
            )
        config = _config()
        config.attributes["engine"] = engine
        command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


@contextmanager
def _only_one(engine: sa.Engine) -> Iterator[None]:
    if engine.url.database is None or engine.dialect.name != "sqlite":
        yield
        return
    with Path(f"{engine.url.database}.migrating").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
