"""A SQLite file that cannot be written: its disk is full, a quota is used up, or the disk itself fails."""

import sqlite3

import sqlalchemy as sa

from levada_runtime.store.failures import UnreachableFailure

_HINTS = {
    sqlite3.SQLITE_FULL: "make room there; whatever was answered for is kept, and everything goes on from where it was",
    sqlite3.SQLITE_IOERR: "see that its disk has room, no quota is used up, and nothing is wrong with the disk itself",
}


def tell(context: sa.engine.ExceptionContext) -> UnreachableFailure | None:
    """Say what an operator can do about a file that cannot be written; every other error stays what it is."""
    failed = context.original_exception
    code = getattr(failed, "sqlite_errorcode", None)
    hint = _HINTS.get(code & 0xFF) if isinstance(code, int) else None
    if hint is None or context.engine is None:
        return None
    place = context.engine.url.database
    return UnreachableFailure(f"the store at {place} cannot be written: {failed}", code="store_unwritable", hint=hint)
