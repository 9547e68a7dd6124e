"""Runs, their logs, their HTTP exchanges and their plans."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from levada_runtime.store._rows import as_columns, read_as
from levada_runtime.store.model import ExchangeRow, LogLine, PlanRow, RunRow
from levada_runtime.store.tables import plans, run_exchanges, run_logs, runs


class Runs:
    """One row a run, with what it said and whom it asked."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, run: RunRow) -> None:
        self._connection.execute(sa.insert(runs), as_columns(run))

    def add_all(self, rows: Sequence[RunRow]) -> None:
        if rows:
            self._connection.execute(sa.insert(runs), [as_columns(row) for row in rows])

    def get(self, org_id: int, run_id: str) -> RunRow | None:
        query = sa.select(runs).where(runs.c.org_id == org_id, runs.c.id == run_id)
        return next(iter(read_as(RunRow, self._connection.execute(query))), None)

    def under_way(self, org_id: int, connection_id: int, stream: str, at: datetime) -> list[str]:
        """Return the ids of a stream's live runs that were under way at a moment, two at most."""
        of = runs.c.org_id == org_id, runs.c.connection_id == connection_id, runs.c.stream == stream
        ended = sa.or_(runs.c.finished_at.is_(None), runs.c.finished_at >= at)
        query = sa.select(runs.c.id).where(*of, runs.c.observing.is_(False), runs.c.started_at <= at, ended)
        return list(self._connection.execute(query.order_by(runs.c.id.desc()).limit(2)).scalars())

    def change(self, run: RunRow, **values: Any) -> None:
        """Change these columns of a run."""
        of_run = {"of_org": run.org_id, "of_connection": run.connection_id, "of_id": run.id}
        self._connection.execute(_change(tuple(values)), {f"new_{name}": values[name] for name in values} | of_run)

    def is_cancelled(self, run: RunRow) -> bool:
        """Tell whether somebody asked for a run's end."""
        same = runs.c.org_id == run.org_id, runs.c.connection_id == run.connection_id, runs.c.id == run.id
        query = sa.select(runs.c.id).where(*same, runs.c.cancel_requested_at.is_not(None))
        return self._connection.execute(query).first() is not None

    def page_of(
        self,
        org_id: int,
        *,
        connection_id: int | None = None,
        state: str | None = None,
        backfill_id: str | None = None,
        before: str | None = None,
        limit: int,
    ) -> list[RunRow]:
        """Return runs, newest first, from below the id `before`."""
        given = {runs.c.connection_id: connection_id, runs.c.state: state, runs.c.backfill_id: backfill_id}
        conditions = [column == value for column, value in given.items() if value is not None]
        if before is not None:
            conditions.append(runs.c.id < before)
        query = sa.select(runs).where(runs.c.org_id == org_id, *conditions)
        return read_as(RunRow, self._connection.execute(query.order_by(runs.c.id.desc()).limit(limit)))

    def polls_of(self, org_id: int, connection_id: int, stream: str, states: Sequence[str], limit: int) -> list[RunRow]:
        """Return the latest `limit` polls of a stream in each of these states, newest first; each state is one look."""
        one = (runs.c.org_id == org_id, runs.c.connection_id == connection_id, runs.c.stream == stream)
        found: list[RunRow] = []
        for state in states:
            # The condition on the mode stands word for word as in the index of polls.
            query = sa.select(runs).where(*one, sa.text("mode = 'poll'"), runs.c.state == state)
            found += read_as(RunRow, self._connection.execute(query.order_by(runs.c.id.desc()).limit(limit)))
        return sorted(found, key=lambda run: run.id, reverse=True)

    def several(self, org_id: int, run_ids: Sequence[str]) -> dict[str, RunRow]:
        """Return those of these runs that there are, by id."""
        query = sa.select(runs).where(runs.c.org_id == org_id, runs.c.id.in_(run_ids))
        return {run.id: run for run in read_as(RunRow, self._connection.execute(query))}

    def by_state(self) -> dict[str, int]:
        """Return how many runs are in each state, everywhere."""
        query = sa.select(runs.c.state, sa.func.count()).group_by(runs.c.state)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def add_logs(self, run: RunRow, lines: Sequence[LogLine]) -> None:
        if not lines:
            return
        last = sa.select(sa.func.coalesce(sa.func.max(run_logs.c.ordinal), 0)).where(*_of_run(run_logs, run))
        self._append(run_logs, run, lines, self._connection.execute(last).scalar_one())

    def add_exchanges(self, run: RunRow, exchanges: Sequence[ExchangeRow], *, after: int) -> None:
        """Add exchanges of a run, of which so many are kept already."""
        self._append(run_exchanges, run, exchanges, after)

    def logs(self, run: RunRow) -> list[LogLine]:
        query = sa.select(run_logs).where(*_of_run(run_logs, run)).order_by(run_logs.c.ordinal)
        return read_as(LogLine, self._connection.execute(query))

    def exchanges(self, run: RunRow) -> list[ExchangeRow]:
        query = sa.select(run_exchanges).where(*_of_run(run_exchanges, run)).order_by(run_exchanges.c.ordinal)
        return read_as(ExchangeRow, self._connection.execute(query))

    def last_exchange(self, run: RunRow) -> int:
        """Return the ordinal of the last exchange that is kept; nought when there is none."""
        last = sa.select(sa.func.max(run_exchanges.c.ordinal)).where(*_of_run(run_exchanges, run))
        return self._connection.execute(last).scalar() or 0

    def exchange(self, run: RunRow, ordinal: int) -> ExchangeRow | None:
        """Return one exchange of a run."""
        query = sa.select(run_exchanges).where(*_of_run(run_exchanges, run), run_exchanges.c.ordinal == ordinal)
        return next(iter(read_as(ExchangeRow, self._connection.execute(query))), None)

    def _append(self, table: sa.Table, run: RunRow, rows: Sequence[Any], after: int) -> None:
        if not rows:
            return
        key = {"org_id": run.org_id, "connection_id": run.connection_id, "run_id": run.id}
        values = [{**key, "ordinal": place, **as_columns(row)} for place, row in enumerate(rows, after + 1)]
        self._connection.execute(sa.insert(table), values)


class Plans:
    """What observed runs would have changed."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, plan: PlanRow) -> None:
        self._connection.execute(sa.insert(plans).values(as_columns(plan)))

    def get(self, org_id: int, plan_id: str) -> PlanRow | None:
        query = sa.select(plans).where(plans.c.org_id == org_id, plans.c.id == plan_id)
        return next(iter(read_as(PlanRow, self._connection.execute(query))), None)

    def page_of(self, org_id: int, *, before: str | None, limit: int) -> list[tuple[PlanRow, RunRow]]:
        """Return plans, without their bodies, and the runs that made them, newest first, from below the id `before`."""
        columns = [column for column in plans.columns if column.name != "body"]
        conditions = [plans.c.org_id == org_id, *([plans.c.id < before] if before is not None else [])]
        query = sa.select(*columns).where(*conditions).order_by(plans.c.id.desc()).limit(limit)
        found = [PlanRow(**row._mapping, body={}) for row in self._connection.execute(query)]  # noqa: SLF001 - SQLAlchemy's public name
        made_by = sa.select(runs).where(runs.c.org_id == org_id, runs.c.id.in_([plan.run_id for plan in found]))
        by_id = {run.id: run for run in read_as(RunRow, self._connection.execute(made_by))}
        return [(plan, by_id[plan.run_id]) for plan in found]

    def mark_applied(self, plan: PlanRow, at: datetime, run_id: str) -> None:
        """Remember that a plan was carried out, and by which run."""
        same = plans.c.org_id == plan.org_id, plans.c.connection_id == plan.connection_id, plans.c.id == plan.id
        self._connection.execute(sa.update(plans).where(*same).values(applied_at=at, applied_run_id=run_id))


@cache
def _change(names: tuple[str, ...]) -> sa.Update:
    """Return the statement that changes these columns, spelled once: every page asks for it."""
    same = (
        runs.c.org_id == sa.bindparam("of_org"),
        runs.c.connection_id == sa.bindparam("of_connection"),
        runs.c.id == sa.bindparam("of_id"),
    )
    return sa.update(runs).where(*same).values({name: sa.bindparam(f"new_{name}") for name in names})


def _of_run(table: sa.Table, run: RunRow) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.org_id == run.org_id, table.c.connection_id == run.connection_id, table.c.run_id == run.id
