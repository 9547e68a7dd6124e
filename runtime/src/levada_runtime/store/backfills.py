"""Backfills, and the runs that are their slices."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from levada_runtime.store._rows import as_columns, read_as
from levada_runtime.store.backfills_model import BackfillRow, Progress, SliceRow
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

    def latest(self, row: BackfillRow, states: Sequence[str], limit: int) -> list[tuple[datetime, datetime]]:
        """Return when the slices that ended last in one of these states began and ended, the latest first."""
        of = *_of(row), runs.c.state.in_(states), runs.c.started_at.is_not(None), runs.c.finished_at.is_not(None)
        query = sa.select(runs.c.started_at, runs.c.finished_at).where(*of)
        found = self._connection.execute(query.order_by(runs.c.finished_at.desc()).limit(limit))
        return [(one.started_at, one.finished_at) for one in found]

    def progress(self, org_id: int, backfill_ids: Sequence[str], counted: Sequence[str]) -> dict[str, Progress]:
        """Return how far each of these has come, with two questions however many they and their slices are."""
        states = self._states(org_id, backfill_ids)
        of = runs.c.backfill_id
        sums = [sa.func.sum(self._in_counts(name)).label(f"sum_{name}") for name in counted]
        usage = [sa.func.sum(runs.c[name]).label(name) for name in ("pages", "http_requests", "http_bytes")]
        query = sa.select(of, *sums, *usage).where(runs.c.org_id == org_id, of.in_(backfill_ids)).group_by(of)
        return {
            one.backfill_id: Progress(
                states.get(one.backfill_id, {}),
                {name: int(getattr(one, f"sum_{name}") or 0) for name in counted},
                *(int(getattr(one, name)) for name in ("pages", "http_requests", "http_bytes")),
            )
            for one in self._connection.execute(query)
        }

    def _states(self, org_id: int, backfill_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        of, last_first = runs.c.backfill_id, (runs.c.queued_at.desc(), runs.c.id.desc())
        nth = sa.func.row_number().over(partition_by=(of, runs.c.window_from), order_by=last_first).label("nth")
        one = sa.select(of, runs.c.state, nth).where(runs.c.org_id == org_id, of.in_(backfill_ids)).subquery()
        by = one.c.backfill_id, one.c.state
        found: dict[str, dict[str, int]] = {}
        for row in self._connection.execute(sa.select(*by, sa.func.count()).where(one.c.nth == 1).group_by(*by)):
            found.setdefault(row[0], {})[row[1]] = row[2]
        return found

    def _in_counts(self, name: str) -> sa.ColumnElement[int]:
        """Return one of a run's counts, which are kept as JSON text."""
        found: sa.ColumnElement[int]
        if self._connection.dialect.name == "sqlite":
            found = sa.func.json_extract(runs.c.counts, f"$.{name}", type_=sa.Integer)
        else:
            found = sa.cast(sa.cast(sa.type_coerce(runs.c.counts, sa.Text), JSONB)[name].astext, sa.BigInteger)
        return sa.func.coalesce(found, 0)


def _of(row: BackfillRow) -> tuple[sa.ColumnElement[bool], ...]:
    return runs.c.backfill_id == row.id, runs.c.org_id == row.org_id, runs.c.connection_id == row.connection_id
