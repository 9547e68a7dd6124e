"""Backfills, and the runs that are their slices."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, read_as
from levada_runtime.store.backfills_model import BackfillRow, SliceRow
from levada_runtime.store.engine import is_writing
from levada_runtime.store.tables import backfills, runs

_STATES = ("queued", "running", "succeeded", "partial", "failed", "cancelled")
"""Every state there is, named so that the index is of use."""
_SLICE = [runs.c[name] for name in SliceRow.__dataclass_fields__]


class Backfills:
    """The backfills of all organisations; each question names one."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, row: BackfillRow) -> None:
        self._connection.execute(sa.insert(backfills).values(as_columns(row)))

    def get(self, org_id: int, backfill_id: str) -> BackfillRow | None:
        """Return a backfill; if a unit of work that writes asks, nobody else changes it until that ends."""
        query = sa.select(backfills).where(backfills.c.org_id == org_id, backfills.c.id == backfill_id)
        asked = query.with_for_update() if is_writing(self._connection) else query
        return next(iter(read_as(BackfillRow, self._connection.execute(asked))), None)

    def under_way(self, org_id: int, connection_id: int, stream: str) -> BackfillRow | None:
        """Return the backfill of a stream that has not ended."""
        of_stream = (
            backfills.c.org_id == org_id,
            backfills.c.connection_id == connection_id,
            backfills.c.stream == stream,
            backfills.c.state == "running",
        )
        return next(iter(read_as(BackfillRow, self._connection.execute(sa.select(backfills).where(*of_stream)))), None)

    def page_of(
        self, org_id: int, *, connection_id: int | None = None, state: str | None = None, before: str | None, limit: int
    ) -> list[BackfillRow]:
        """Return backfills, newest first, from below the id `before`."""
        given = {backfills.c.connection_id: connection_id, backfills.c.state: state}
        conditions = [column == value for column, value in given.items() if value is not None]
        if before is not None:
            conditions.append(backfills.c.id < before)
        query = sa.select(backfills).where(backfills.c.org_id == org_id, *conditions)
        return read_as(BackfillRow, self._connection.execute(query.order_by(backfills.c.id.desc()).limit(limit)))

    def change(self, row: BackfillRow, **values: Any) -> None:
        same = (
            backfills.c.org_id == row.org_id,
            backfills.c.connection_id == row.connection_id,
            backfills.c.id == row.id,
        )
        self._connection.execute(sa.update(backfills).where(*same).values(values))

    def slices(self, row: BackfillRow) -> list[SliceRow]:
        """Return the last run of each slice that has had one, in order of time."""
        query = sa.select(*_SLICE).where(*_of(row)).order_by(runs.c.window_from, runs.c.queued_at, runs.c.id)
        last = {one.window_from: one for one in read_as(SliceRow, self._connection.execute(query))}
        return list(last.values())

    def standing(self, row: BackfillRow, states: Sequence[str], limit: int | None = None) -> list[SliceRow]:
        """Return the last runs of slices that are in one of these states, in order of time.

        However many slices there are, it looks at no more than these: it is asked whenever one ends.
        """
        later = runs.alias("later")
        same = later.c.backfill_id == row.id, later.c.window_from == runs.c.window_from, later.c.state.in_(_STATES)
        newer = sa.tuple_(later.c.queued_at, later.c.id) > sa.tuple_(runs.c.queued_at, runs.c.id)
        query = (
            sa.select(*_SLICE)
            .where(*_of(row), runs.c.state.in_(states), ~sa.exists().where(*same, newer))
            .order_by(runs.c.window_from)
        )
        return read_as(SliceRow, self._connection.execute(query.limit(limit)))

    def work_done(self, row: BackfillRow) -> list[tuple[dict[str, Any], int, int, int]]:
        """Return what each of its runs counted, with its pages and its HTTP requests and bytes."""
        query = sa.select(runs.c.counts, runs.c.pages, runs.c.http_requests, runs.c.http_bytes).where(*_of(row))
        return [(one.counts, one.pages, one.http_requests, one.http_bytes) for one in self._connection.execute(query)]


def _of(row: BackfillRow) -> tuple[sa.ColumnElement[bool], ...]:
    return runs.c.backfill_id == row.id, runs.c.org_id == row.org_id, runs.c.connection_id == row.connection_id
