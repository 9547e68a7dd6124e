"""Streams as an operator asks about them: when they are next due, what became of their moments, and how they fare."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn

from levada_runtime.access.views import stream_view
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.ingest.library import Listing, listing
from levada_runtime.runs.ticks import late_s, outgrew
from levada_runtime.scheduler.accounting import fire_after
from levada_runtime.scheduler.health import FLAGS, Health, fresh_until
from levada_runtime.store.model import ConnectionRow, OrgRow, RunRow, StreamRow, TickRow
from levada_runtime.store.streams import NamedStream
from levada_runtime.store.unit_of_work import Store, UnitOfWork

COMING: Final = 5
_ENDED = ("succeeded", "partial", "failed")
_GOOD = ("succeeded", "partial")
_LATEST: Final = 5
_SHORTEST: Final = timedelta(minutes=1)
"""No two moments of a schedule lie closer together."""
_A_FEW, _REST = 20, 19


class StreamLibrary:
    """Reads streams and the ledger of their moments."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def streams(self, org: OrgRow, *, connection: str | None, limit: int, cursor: str | None) -> Listing:
        """Return streams by their connections' names.

        Raises NotFoundFailure when there is no such connection.
        """
        with self._store.read() as uow:
            named = _connection(uow, org, connection).name if connection else None
            found = uow.streams.page_of(org.id, connection=named, after=_after(cursor), limit=limit + 1)
            now = self._clock.now()
            return listing(
                found, limit, lambda one: self._view(uow, one, now), lambda one: f"{one.connection}/{one.row.stream}"
            )

    def stream(self, org: OrgRow, connection: str, stream: str) -> dict[str, Any]:
        """Return one stream.

        Raises NotFoundFailure.
        """
        with self._store.read() as uow:
            row = _connection(uow, org, connection)
            found = NamedStream(_stream(uow, row, stream), row.name, row.state)
            return self._view(uow, found, self._clock.now())

    def ticks(self, org: OrgRow, connection: str, stream: str, *, limit: int, cursor: str | None) -> dict[str, Any]:
        """Return a stream's moments, the latest first, with the next five that are coming.

        Raises NotFoundFailure.
        """
        with self._store.read() as uow:
            found = _stream(uow, _connection(uow, org, connection), stream)
            of_stream = (found.org_id, found.connection_id, found.stream)
            rows = uow.ticks.of(*of_stream, limit + 1, _moment(cursor))
            runs = uow.runs.several(org.id, [row.run_id for row in rows[:limit] if row.run_id])
        told = listing(
            rows,
            limit,
            lambda row: tick_view(row, runs.get(row.run_id or "")),
            lambda row: row.scheduled_for.isoformat(),
        )
        coming = [at.isoformat() for at in coming_moments(found, self._clock.now(), COMING)]
        return {"items": told.items, "cursor": told.cursor, "next": coming, "timezone": found.timezone}

    def ailing(self) -> dict[str, list[str]]:
        """Return the flags of every stream that has one, of all organisations, by connection and stream."""
        with self._store.read() as uow:
            names = {(row.org_id, row.id): row for row in uow.connections.everywhere()}
            found = {}
            for row in uow.streams.scheduled():
                connection = names.get((row.org_id, row.connection_id))
                if connection is not None:
                    found[f"{connection.name}/{row.stream}"] = self._flags(uow, row, connection.state)
        return {name: flags for name, flags in sorted(found.items()) if flags}

    def flagged(self, rest: Callable[[float], bool]) -> dict[str, int] | None:
        """Return how many streams there are with each flag, of all organisations; None when `rest` says to stop.

        It goes over a few streams at a time, and rests for much longer than that took.
        """
        with self._store.read() as uow:
            states = {(row.org_id, row.id): row.state for row in uow.connections.everywhere()}
            rows = uow.streams.scheduled()
        counts = dict.fromkeys(FLAGS, 0)
        for start in range(0, len(rows), _A_FEW):
            began = time.monotonic()
            with self._store.read() as uow:
                for row in rows[start : start + _A_FEW]:
                    for flag in self._flags(uow, row, states.get((row.org_id, row.connection_id), "removed")):
                        counts[flag] += 1
            if rest(_REST * (time.monotonic() - began)):
                return None
        return counts

    def _flags(self, uow: UnitOfWork, row: StreamRow, connection_state: str) -> list[str]:
        rests = row.paused or connection_state in ("paused", "removed")
        return _health(uow, row, self._clock.now(), rests=rests).flags

    def _view(self, uow: UnitOfWork, one: NamedStream, now: datetime) -> dict[str, Any]:
        row = one.row
        rests = row.paused or one.connection_state == "paused"
        health = _health(uow, row, now, rests=rests) if row.cron else Health()
        coming = coming_moments(row, now, 1)
        return {
            "connection": one.connection,
            **stream_view(row),
            "connection_state": one.connection_state,
            "next": coming[0].isoformat() if coming else None,
            **health.view(),
        }


def coming_moments(row: StreamRow, now: datetime, count: int) -> list[datetime]:
    """Return the next moments of a stream's schedule; none when it has none, or none that can be read."""
    found: list[datetime] = []
    try:
        moment = fire_after(row, now)
        while moment is not None:
            found.append(moment)
            moment = fire_after(row, moment) if len(found) < count else None
    except (ValueError, KeyError):
        return []
    return found


def tick_view(row: TickRow, run: RunRow | None) -> dict[str, Any]:
    """Return what became of a moment, or of all moments of an outage."""
    return {
        "at": row.scheduled_for.isoformat(),
        "outcome": row.outcome,
        "late_s": late_s(row, run.started_at if run else None),
        "reason": row.reason,
        "run": row.run_id,
        "run_state": run.state if run else None,
        "until": row.until.isoformat() if row.until else None,
        "count": row.count,
    }


def _health(uow: UnitOfWork, row: StreamRow, now: datetime, *, rests: bool) -> Health:
    """Return how a scheduled stream fares; one whose schedule cannot be read fares as the ledger says."""
    of_stream = (row.org_id, row.connection_id, row.stream)
    ended = uow.runs.polls_of(*of_stream, _ENDED, _LATEST)
    success = next((run for run in ended if run.state in _GOOD), None)
    ended_at = success.finished_at if success else None
    try:
        lasted = _lasted(row, ended[:_LATEST])
        until = None if rests else fresh_until(row, ended_at, [took for took, _ in lasted])
    except (ValueError, KeyError):
        return Health(last_success_at=ended_at)
    return Health(ended_at, is_outgrown=outgrew(lasted), is_stale=until is not None and until < now)


def _lasted(row: StreamRow, runs: Sequence[RunRow]) -> list[tuple[timedelta, timedelta]]:
    """Return how long each run took, and how long its schedule left it until the next moment, if that matters."""
    found = []
    for run in runs:
        if run.started_at is None or run.finished_at is None or run.scheduled_for is None:
            continue
        took = run.finished_at - run.started_at
        following = fire_after(row, run.scheduled_for) if took > _SHORTEST else run.scheduled_for + _SHORTEST
        if following is not None:
            found.append((took, following - run.scheduled_for))
    return found


def _connection(uow: UnitOfWork, org: OrgRow, reference: str) -> ConnectionRow:
    found = uow.connections.referred(org.id, reference)
    if found is None:
        raise NotFoundFailure(
            f"there is no connection {reference!r}",
            code="unknown_connection",
            hint="`runtime connections list` shows them",
        )
    return found


def _stream(uow: UnitOfWork, row: ConnectionRow, stream: str) -> StreamRow:
    found = uow.streams.get(row.org_id, row.id, stream)
    if found is None:
        raise NotFoundFailure(
            f"the connection {row.name!r} has no stream {stream!r}",
            code="unknown_stream",
            hint=f"`runtime streams list --connection {row.name}` shows them",
        )
    return found


def _after(cursor: str | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    connection, slash, stream = cursor.partition("/")
    return (connection, stream) if slash else _refused()


def _moment(cursor: str | None) -> datetime | None:
    if cursor is None:
        return None
    try:
        moment = datetime.fromisoformat(cursor)
        # A moment without a zone is none that a list gave.
        return moment.astimezone(UTC) if moment.tzinfo else _refused()
    except (ValueError, OverflowError):
        _refused()


def _refused() -> NoReturn:
    raise UsageFailure("the cursor is not one that a list gave", code="invalid_cursor") from None
