"""Whose turn it is to write to SQLite.

Left to itself SQLite asks for a lock that is taken ever more seldom, up to ten times a second, so that whoever has just
come is served first and whoever has waited long goes on waiting: while webhooks came in at 500 a second, the workers
stood still for most of the time, and every answer behind their commits took a quarter of a second. Asked for every two
milliseconds, everybody gets the lock soon.
"""

import sqlite3
import time

ASKED_EVERY_MS = 2


def begin_writing(connection: sqlite3.Connection, patience_ms: int) -> bool:
    """Begin a transaction that holds the write lock; False when others have held it for as long as `patience_ms`."""
    deadline = time.monotonic() + patience_ms / 1000
    connection.execute(f"PRAGMA busy_timeout={ASKED_EVERY_MS}")
    try:
        while not _begun(connection):
            if time.monotonic() >= deadline:
                return False
    finally:
        connection.execute(f"PRAGMA busy_timeout={patience_ms}")
    return True


def _begun(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as refused:
        if refused.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
