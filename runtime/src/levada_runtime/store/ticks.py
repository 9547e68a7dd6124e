"""The ledger of scheduled moments: every one of them, and what became of it."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, insert_all_unless_there, insert_unless_there, named, read_as
from levada_runtime.store.columns import Instant
from levada_runtime.store.model import TickRow
from levada_runtime.store.tables import streams, ticks

StreamName = tuple[int, int, str]
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

    def accounted(self, names: Sequence[StreamName], now: datetime) -> dict[StreamName, datetime]:
        """Return of each of these streams up to when the ledger says what became of its moments, if it says anything.

        What it says of moments after `now` was written when the clock was wrong, and counts for nothing.
        """
        name = (streams.c.org_id, streams.c.connection_id, streams.c.stream)
        of_stream = [ticks.c[column.name] == column for column in name]
        latest = (
            sa.select(sa.func.coalesce(ticks.c.until, ticks.c.scheduled_for, type_=Instant))
            .where(*of_stream, ticks.c.scheduled_for <= now)
            .order_by(ticks.c.scheduled_for.desc())
            .limit(1)
            .correlate(streams)
            .scalar_subquery()
        )
        found = self._connection.execute(sa.select(*name, latest.label("until")).where(named(name, names)))
        wanted = set(names)
        told = {(row.org_id, row.connection_id, row.stream): row.until for row in found if row.until is not None}
        return {name: min(now, until) for name, until in told.items() if name in wanted}


def _of(org_id: int, connection_id: int, stream: str) -> tuple[sa.ColumnElement[bool], ...]:
    return ticks.c.org_id == org_id, ticks.c.connection_id == connection_id, ticks.c.stream == stream
