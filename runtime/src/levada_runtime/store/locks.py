"""Advisory locks, which end with their transaction. SQLite needs none: whoever writes there writes alone."""

import hashlib
from collections.abc import Sequence

import sqlalchemy as sa

_LOCK = "SELECT pg_advisory_xact_lock(name) FROM unnest(%b::bigint[]) AS name"
_TRY = "SELECT pg_try_advisory_xact_lock(name) FROM unnest(%b::bigint[]) AS name"
"""Both take the names in the order in which they are given."""
Named = tuple[str | int, ...]
"""What is locked: a word, and the ids that narrow it."""


def lock(connection: sa.Connection, *named: str | int) -> None:
    """Wait until nobody else holds this name, and hold it until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_LOCK, ([number_of(named)],))


def lock_all(connection: sa.Connection, names: Sequence[Named]) -> None:
    """Wait for all of these names with one question; everybody who asks for several waits in the same order."""
    if connection.dialect.name == "postgresql" and names:
        connection.exec_driver_sql(_LOCK, (sorted(map(number_of, names)),))


def free_of(connection: sa.Connection, names: Sequence[Named]) -> list[bool]:
    """Tell of each name whether it could be had at once; those that could are held until the transaction ends."""
    if connection.dialect.name != "postgresql" or not names:
        return [True] * len(names)
    return list(connection.exec_driver_sql(_TRY, (list(map(number_of, names)),)).scalars())


def number_of(named: Named) -> int:
    """Return the 64 bits that stand for a name; two names that met would only wait for each other."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, named)).encode()).digest()[:8], "big", signed=True)
