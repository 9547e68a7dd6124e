"""The database engine: SQLite in WAL mode with full durability, or PostgreSQL.

A unit of work that writes takes SQLite's write lock at its beginning (`BEGIN IMMEDIATE`), so that it can never find out
at its end that another was faster.
"""

import sqlite3
from typing import Any

import sqlalchemy as sa

from levada_runtime.foundation.errors import UsageFailure

WRITES = "levada_writes"
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "cache_size=-32768", "temp_store=MEMORY")


def make_engine(url: str) -> sa.Engine:
    """Return an engine for `url`; nothing is opened yet.

    Raises UsageFailure when the URL names no database this runtime knows.
    """
    try:
        backend = sa.make_url(url).get_backend_name()
    except sa.exc.ArgumentError:
        raise UsageFailure("the database URL cannot be read", code="invalid_database_url") from None
    if backend != "sqlite":
        raise UsageFailure(
            f"the store does not speak {backend} in this version",
            code="invalid_database_url",
            hint="leave --database-url out, or give a sqlite:/// URL",
        )
    return _sqlite_engine(url)


def _sqlite_engine(url: str) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"isolation_level": None, "check_same_thread": False})
    sa.event.listen(engine, "connect", _set_pragmas)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(connection: sqlite3.Connection, _record: Any) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
