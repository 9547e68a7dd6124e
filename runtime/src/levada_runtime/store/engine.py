"""The database engine: SQLite in WAL mode with full durability, or PostgreSQL.

A unit of work that writes takes SQLite's write lock at its beginning (`BEGIN IMMEDIATE`), so that it can never find out
at its end that another was faster; `store/turns.py` says how it is waited for, `store/postgresql.py` how PostgreSQL is
spoken to.
"""

import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.store import postgresql, room
from levada_runtime.store.turns import begin_writing

WRITES = "levada_writes"
LIGHTLY = "levada_lightly"
FIRST = "levada_first"
IN_PASSING = "levada_in_passing"
HURRIED_MS, _PATIENT_MS = 10_000, 30_000
_AGAIN_S = 0.01
_PRIMARY = 0xFF
"""What of an error code of SQLite says its kind."""
_LIGHT, _FULL = "synchronous=NORMAL", "synchronous=FULL"
_PRAGMAS = (
    f"busy_timeout={_PATIENT_MS}",
    "journal_mode=WAL",
    "synchronous=FULL",
    "cache_size=-32768",
    "temp_store=MEMORY",
)


def make_engine(url: str) -> sa.Engine:
    """Return an engine for `url`; nothing is opened yet.

    Raises UsageFailure when the URL names no database this runtime knows, EnvironmentFailure when its driver is not
    installed.
    """
    try:
        made = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise UsageFailure(
            "the database URL cannot be read",
            code="invalid_database_url",
            hint="it reads postgresql://USER@HOST/DATABASE; a password with @, : or / in it is percent-encoded",
        ) from None
    if made.drivername in postgresql.DRIVERS:
        return postgresql.make_engine(made)
    if made.get_backend_name() != "sqlite":
        raise UsageFailure(
            f"the store does not speak {made.drivername}",
            code="invalid_database_url",
            hint="leave --database-url out, or give a postgresql:// or sqlite:/// URL",
        )
    return _sqlite_engine(made)


def place_of(engine: sa.Engine) -> str:
    """Return which database this is, for people: its URL without any secret."""
    return postgresql.shown(engine.url)


def writing(engine: sa.Engine) -> sa.Engine:
    """Return the same engine for units of work that write."""
    return engine.execution_options(**{WRITES: True})


def reading(engine: sa.Engine) -> sa.Engine:
    """Return the same engine for units of work that only read, each a view of one moment."""
    return engine.execution_options(**postgresql.READING) if engine.dialect.name == "postgresql" else engine


def looking(engine: sa.Engine) -> sa.Engine:
    """Return the same engine for units of work that only read, each answer as of its own moment where that is less."""
    return engine.execution_options(**postgresql.LOOKING) if engine.dialect.name == "postgresql" else engine


def going_first(engine: sa.Engine) -> sa.Engine:
    """Return the same engine for units of work that write and that somebody waits for: others let them pass."""
    return engine.execution_options(**{WRITES: True, FIRST: True})


def noting(engine: sa.Engine) -> sa.Engine:
    """Return the same engine for notes: units of work that write, do not wait for the disk, nor long for anybody."""
    return engine.execution_options(**{WRITES: True, LIGHTLY: True})


def in_passing(engine: sa.Engine) -> sa.Engine:
    """Return the same engine for notes that are given up when somebody else writes just now."""
    return engine.execution_options(**{WRITES: True, LIGHTLY: True, IN_PASSING: True})


def is_writing(connection: sa.Connection) -> bool:
    """Tell whether this connection is in a unit of work that writes."""
    return bool(connection.get_execution_options().get(WRITES, False))


def version_of(connection: sa.Connection) -> str:
    """Return the database's own name and version."""
    if connection.dialect.name == "postgresql":
        return f"PostgreSQL {connection.exec_driver_sql('SHOW server_version').scalar_one()}"
    return f"SQLite {sqlite3.sqlite_version}"


def bytes_of(connection: sa.Connection) -> int:
    """Return how large the database is on disk."""
    if connection.dialect.name == "postgresql":
        return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
    file = Path(connection.engine.url.database or "")
    return sum(part.stat().st_size for part in file.parent.glob(f"{file.name}*"))


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url,
        connect_args={"isolation_level": None, "check_same_thread": False},
        pool_use_lifo=True,  # Each keeps up to 32 MB of pages: one that is warm serves better than all in turn.
        hide_parameters=True,
    )
    sa.event.listen(engine, "connect", _set_pragmas)
    sa.event.listen(engine, "begin", _begin)
    sa.event.listen(engine, "checkin", _set_full)
    sa.event.listen(engine, "handle_error", room.tell)
    return engine


def _set_pragmas(connection: sqlite3.Connection, _record: Any) -> None:
    for pragma in _PRAGMAS:
        _set(connection, pragma)


def _set(connection: sqlite3.Connection, pragma: str) -> None:
    """Set a pragma; who opens a new file at the same time keeps others from its journal, and SQLite does not wait."""
    until = time.monotonic() + _PATIENT_MS / 1000
    while True:
        try:
            connection.execute(f"PRAGMA {pragma}")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_AGAIN_S)
        else:
            return


def _set_full(connection: sqlite3.Connection | None, record: Any) -> None:
    if record.info.pop(LIGHTLY, False) and connection is not None:
        connection.execute(f"PRAGMA {_FULL}")
        connection.execute(f"PRAGMA busy_timeout={_PATIENT_MS}")


def _begin(connection: sa.Connection) -> None:
    if connection.get_execution_options().get(LIGHTLY, False):
        connection.info[LIGHTLY] = True
        connection.exec_driver_sql(f"PRAGMA {_LIGHT}")
    if not is_writing(connection):
        connection.exec_driver_sql("BEGIN")
        return
    opened = connection.connection.driver_connection
    assert isinstance(opened, sqlite3.Connection)
    patience_ms = HURRIED_MS if connection.info.get(LIGHTLY) else _PATIENT_MS
    options, way = connection.get_execution_options(), Path(f"{connection.engine.url.database}-way")
    if _is_begun(opened, 0 if IN_PASSING in options else patience_ms, way, first=FIRST in options):
        return
    opened.execute("PRAGMA busy_timeout=0")  # it has waited already
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # says in the library's own words why it cannot
    finally:
        opened.execute(f"PRAGMA busy_timeout={patience_ms}")


def _is_begun(opened: sqlite3.Connection, patience_ms: int, way: Path, *, first: bool) -> bool:
    try:
        return begin_writing(opened, patience_ms, way, first=first)
    except (sqlite3.Error, OSError):
        return False
