"""Whose turn it is to write to SQLite.

Left to itself SQLite asks for a lock that is taken ever more seldom, up to ten times a second, so that whoever has just
come is served first and whoever has waited long goes on waiting: while webhooks came in at 500 a second, the workers
stood still for most of the time, and every answer behind their commits took a quarter of a second. Asked for every two
milliseconds, everybody gets the lock soon.

Whom somebody waits for goes first: while it waits for the lock it holds another one, on a file beside the database,
and whoever begins meanwhile lets it pass. So it waits for the writer that is at it, and for no line of others. The
system takes that lock from a process that dies.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ASKED_EVERY_MS = 2


def begin_writing(connection: sqlite3.Connection, patience_ms: int, way: Path, *, first: bool = False) -> bool:
    """Begin a transaction that holds the write lock; False when others have held it for as long as `patience_ms`.

    `way` is the file that is locked by who goes `first`.
    """
    deadline = time.monotonic() + patience_ms / 1000
    connection.execute(f"PRAGMA busy_timeout={ASKED_EVERY_MS}")
    try:
        with _passing(way, deadline, first=first) as free:
            while free and not (begun := _begun(connection)):
                if time.monotonic() >= deadline:
                    break
            return free and begun
    finally:
        connection.execute(f"PRAGMA busy_timeout={patience_ms}")


@contextmanager
def _passing(way: Path, deadline: float, *, first: bool) -> Iterator[bool]:
    """Wait until nobody goes first, and tell whether that came about; who goes first keeps the others back inside."""
    file = os.open(way, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not (free := _locked(file, fcntl.LOCK_EX if first else fcntl.LOCK_SH)):
            if time.monotonic() >= deadline:
                break
            time.sleep(ASKED_EVERY_MS / 1000)
        if free and not first:
            fcntl.flock(file, fcntl.LOCK_UN)
        yield free
    finally:
        os.close(file)


def _locked(file: int, how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _begun(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as refused:
        if refused.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
