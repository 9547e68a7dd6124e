"""Reading for so long and no longer: a question that a database chews on is taken back when its time is up."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from levada_runtime.foundation.errors import UsageFailure

_STEPS = 20_000
"""How many of SQLite's steps go between two looks at the time: a millisecond or so."""
_CANCELLED = "57014"


class Patience:
    """How much time there still is to read in."""

    def __init__(self, connection: sa.Connection, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self._until = time.monotonic() + seconds

    def look(self) -> None:
        """Let the next statement take what time is left.

        Raises UsageFailure when there is none.
        """
        left = self._until - time.monotonic()
        if left <= 0:
            raise self.over()
        if self._connection.dialect.name == "postgresql":
            self._connection.exec_driver_sql(f"SET LOCAL statement_timeout = {max(1, int(left * 1000))}")

    def is_over(self) -> bool:
        return time.monotonic() >= self._until

    def over(self) -> UsageFailure:
        """Return what is told of a question that takes too long."""
        return UsageFailure(
            f"reading this took longer than {self._seconds:g} s and was stopped",
            code="took_too_long",
            hint="ask for less: a smaller depth or limit, fewer verbs, a shorter time",
        )


@contextmanager
def patient(connection: sa.Connection, seconds: float) -> Iterator[Patience]:
    """Stop what is read within after so many seconds.

    Raises UsageFailure then.
    """
    patience = Patience(connection, seconds)
    opened = connection.connection.driver_connection
    if isinstance(opened, sqlite3.Connection):
        opened.set_progress_handler(patience.is_over, _STEPS)
    try:
        patience.look()
        yield patience
    except sa.exc.DBAPIError as error:
        if not _was_stopped(error):
            raise
        raise patience.over() from None
    finally:
        if isinstance(opened, sqlite3.Connection):
            opened.set_progress_handler(None, 0)


def _was_stopped(error: sa.exc.DBAPIError) -> bool:
    said = error.orig
    stopped = getattr(said, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT
    return stopped or getattr(said, "sqlstate", None) == _CANCELLED
