"""A lock that lasts as long as its holder's process: whoever has it leads, and when it is killed another may have it.

With SQLite it is a lock of the operating system's on a file beside the database; on PostgreSQL an advisory lock on a
connection of its own, which the server lets go when that connection ends.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from levada_runtime.store.failures import UNAVAILABLE
from levada_runtime.store.locks import number_of

# So that a leader whose machine is gone, without a word to the server, is given up within seconds.
_SESSION = (
    "SET tcp_keepalives_idle = 2",
    "SET tcp_keepalives_interval = 1",
    "SET tcp_keepalives_count = 3",
    "SET tcp_user_timeout = 5000",
    "SET idle_session_timeout = 0",
)


class LastingLock(Protocol):
    """A lock that is held until it is let go or its holder ends."""

    def held(self) -> bool:
        """Tell whether it is held now, taking it if nobody has it."""
        ...

    def let_go(self) -> None:
        """Let another have it; asking again takes it anew."""
        ...


def lasting_lock(engine: sa.Engine, name: str) -> LastingLock:
    """Return the lock of a name that all processes on one database share."""
    if engine.dialect.name == "postgresql":
        return AdvisoryLock(engine, name)
    return FileLock(Path(f"{engine.url.database}.{name}"))


class FileLock:
    """A lock on a file, which the operating system lets go when the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: int | None = None

    def held(self) -> bool:
        if self._open is not None:
            return True
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._open = handle
        return True

    def let_go(self) -> None:
        if self._open is not None:
            os.close(self._open)
            self._open = None


class AdvisoryLock:
    """A lock in PostgreSQL, on a connection that serves nothing else; with the connection the lock is lost."""

    def __init__(self, engine: sa.Engine, name: str) -> None:
        self._engine = engine
        self._number = number_of(("lasting", name))
        self._connection: sa.Connection | None = None
        self._held = False

    def held(self) -> bool:
        try:
            return self._asked()
        except (*UNAVAILABLE, sa.exc.DBAPIError):
            self.let_go()
            return False

    def let_go(self) -> None:
        connection, self._connection, self._held = self._connection, None, False
        if connection is not None:
            with suppress(*UNAVAILABLE, sa.exc.DBAPIError):  # it may be gone already, and the lock with it
                connection.close()

    def _asked(self) -> bool:
        if self._connection is None:
            self._connection = self._own_connection()
        if self._held:
            self._connection.exec_driver_sql("SELECT 1")
        else:
            query = sa.select(sa.func.pg_try_advisory_lock(self._number))
            self._held = bool(self._connection.execute(query).scalar_one())
        return self._held

    def _own_connection(self) -> sa.Connection:
        """Return a connection that the pool knows nothing of any more."""
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
        for word in _SESSION:
            connection.exec_driver_sql(word)
        return connection
