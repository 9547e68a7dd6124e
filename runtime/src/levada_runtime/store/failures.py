"""What can befall the database itself, under names that floors without SQL can use."""

import sqlite3

import sqlalchemy as sa

from levada_runtime.foundation.errors import EnvironmentFailure

StoreUnavailable = sa.exc.OperationalError
"""The database did not do what it was asked, through no fault of what was asked: trying again later may help."""


class UnreachableFailure(EnvironmentFailure):
    """The database's server could not be reached, or was lost."""


UNAVAILABLE = (StoreUnavailable, UnreachableFailure, sa.exc.TimeoutError)
"""Whatever says that the store could not be asked, and not what it answered."""


def is_busy(error: BaseException) -> bool:
    """Tell whether somebody else only writes for longer than one waits: the store is there, and will be free again."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF == sqlite3.SQLITE_BUSY
