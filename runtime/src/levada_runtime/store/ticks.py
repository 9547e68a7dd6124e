"""The ledger of scheduled moments: every one of them, and what became of it."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, insert_all_unless_there, insert_unless_there, read_as
from levada_runtime.store.model import TickRow
from levada_runtime.store.tables import ticks

Moment = tuple[int, int, str, datetime]
"""The organisation, the connection, the stream, and when."""


class Ticks:
    """One row a moment; an outage, in which nobody scheduled, is one row with its first, its last and its count."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, tick: TickRow) -> bool:
        """Enter a moment; False when it is entered already, by whichever scheduler was first."""
        return insert_unless_there(self._connection, ticks, as_columns(tick))

    def add_all(self, rows: Sequence[TickRow]) -> set[Moment]:
        """Enter moments; returns those that were not entered already."""
        if not rows:
            return set()
        values = [as_columns(row) for row in rows]
        key = (ticks.c.org_id, ticks.c.connection_id, ticks.c.stream, ticks.c.scheduled_for)
        found = insert_all_unless_there(self._connection, ticks, values, key)
        return {(row.org_id, row.connection_id, row.stream, row.scheduled_for) for row in found}

    def at(self, org_id: int, connection_id: int, stream: str, moment: datetime) -> TickRow | None:
        """Return what became of one moment."""
        query = sa.select(ticks).where(*_of(org_id, connection_id, stream), ticks.c.scheduled_for == moment)
        return next(iter(read_as(TickRow, self._connection.execute(query))), None)

    def of(
        self, org_id: int, connection_id: int, stream: str, limit: int, before: datetime | None = None
    ) -> list[TickRow]:
        """Return a stream's moments, the latest first, from before `before`."""
        where = [*_of(org_id, connection_id, stream), *([ticks.c.scheduled_for < before] if before else [])]
        query = sa.select(ticks).where(*where).order_by(ticks.c.scheduled_for.desc()).limit(limit)
        return read_as(TickRow, self._connection.execute(query))

    def accounted(self, org_id: int, connection_id: int, stream: str, now: datetime) -> datetime | None:
        """Return the moment up to which the ledger says what became of a stream's; None when it says nothing.

        What it says of moments after `now` was written when the clock was wrong, and counts for nothing.
        """
        where = (*_of(org_id, connection_id, stream), ticks.c.scheduled_for <= now)
        last = sa.select(ticks.c.scheduled_for, ticks.c.until).where(*where).order_by(ticks.c.scheduled_for.desc())
        found = self._connection.execute(last.limit(1)).first()
        return found and min(now, max(found.scheduled_for, found.until or found.scheduled_for))


def _of(org_id: int, connection_id: int, stream: str) -> tuple[sa.ColumnElement[bool], ...]:
    return ticks.c.org_id == org_id, ticks.c.connection_id == connection_id, ticks.c.stream == stream
