"""Putting runs into the queue: by hand, or because a scheduled moment has come."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from levada_runtime.access.audit import note
from levada_runtime.catalog.standing import stands
from levada_runtime.catalog.trust import READY
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.ids import new_uuid
from levada_runtime.runs.ticks import Due, Line, outage, passed_over, taken, why_not
from levada_runtime.store.connections import REMOVED
from levada_runtime.store.model import ConnectionRow, RunRow, StreamRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork
from levada_runtime.work.service import new_work

_IN_LINE = frozenset({"poll", "webhook"})


def stream_key(stream: str) -> str:
    """Return the key under which one stream's work stands in line."""
    return f"stream:{stream}"


def webhook_key(stream: str) -> str:
    """Return the key under which one stream's receipts stand in line."""
    return f"webhook:{stream}"


def backfill_key(stream: str, start: datetime) -> str:
    """Return the key under which the work of one slice stands in line, with nobody but itself."""
    return f"backfill:{stream}:{start.isoformat()}"


def line_of(run: RunRow) -> str | None:
    """Return the key under which a run's work stands in line; None for a run that is carried out without any."""
    if run.mode == "backfill" and run.window_from is not None:
        return backfill_key(run.stream, run.window_from)
    return {"poll": stream_key, "webhook": webhook_key}[run.mode](run.stream) if run.mode in _IN_LINE else None


def checkpoint_of(run: RunRow) -> str:
    """Return what a run's checkpoint is kept under: neither a webhook nor a slice moves where a poll goes on from."""
    if run.mode == "backfill" and run.window_from is not None and run.window_until is not None:
        return f"backfill:{run.stream}:{run.window_from.isoformat()}/{run.window_until.isoformat()}"
    return run.stream if run.mode == "poll" else f"{run.mode}:{run.stream}"


def new_run(
    connection: ConnectionRow,
    stream: str,
    now: datetime,
    *,
    observing: bool,
    scheduled_for: datetime | None = None,
    mode: str = "poll",
    receipt_id: str | None = None,
) -> RunRow:
    """Return a run that has not begun."""
    return RunRow(
        org_id=connection.org_id,
        connection_id=connection.id,
        id=new_uuid(),
        connector=connection.connector,
        stream=stream,
        mode=mode,
        observing=observing,
        state="queued",
        attempt=0,
        queued_at=now,
        scheduled_for=scheduled_for,
        receipt_id=receipt_id,
    )


class RunQueue:
    """Enters runs together with the work that will carry them out."""

    def __init__(self, store: Store, clock: Clock, attempts: int) -> None:
        self._store = store
        self._clock = clock
        self._attempts = attempts

    def by_hand(
        self,
        connection: ConnectionRow,
        stream: str,
        *,
        reserved_for: str | None = None,
        record: bool = False,
        retries: str | None = None,
    ) -> RunRow:
        """Enter a run that an operator asked for; a reserved one is carried out by that process, and tried once.

        `retries` is the run that it is to make good.
        """
        run = new_run(connection, stream, self._clock.now(), observing=connection.mode == "observe")
        with self._store.write() as uow:
            attempts = 1 if reserved_for else self._attempts
            self._enter(uow, run, attempts=attempts, reserved_for=reserved_for, record=record)
            told = {"connection": connection.name, "stream": stream}
            if retries is None:
                note(uow, run.org_id, run.queued_at, "run.start", run.id, **told)
            else:
                note(uow, run.org_id, run.queued_at, "run.retry", retries, run=run.id, **told)
        return run

    def tick(self, due: Sequence[Due]) -> list[RunRow]:
        """Enter scheduled moments, each once however many schedulers there are; returns the runs that came of them."""
        now = self._clock.now()
        with self._store.write() as uow:
            desk = _Desk(uow)
            for scope in sorted({(one.stream.org_id, one.stream.connection_id) for one in due}):
                uow.lock("ticks", *scope)
            return [run for one in due if (run := self._taken(uow, desk, one, now)) is not None]

    def _taken(self, uow: UnitOfWork, desk: "_Desk", due: Due, now: datetime) -> RunRow | None:
        """Enter one moment as it is to be by now; None when it makes no run."""
        connection = desk.connection(due.stream)
        stream = desk.stream(due.stream)
        if connection is None or stream is None:
            return None
        due = replace(due, stream=stream)
        given_up = passed_over(due, now)
        if given_up is not None:
            uow.ticks.add(outage(stream, given_up, now))
            if given_up.last == due.at:
                return None
        reason = why_not(stream, desk.state(connection), desk.line(stream))
        observing = connection.mode == "observe"
        run = new_run(connection, stream.stream, now, observing=observing, scheduled_for=due.at)
        first = uow.ticks.add(taken(due, now, reason=reason, run_id=None if reason else run.id))
        if not first or reason:
            return None
        self._enter(uow, run, attempts=self._attempts, reserved_for=None)
        return run

    def _enter(
        self, uow: UnitOfWork, run: RunRow, *, attempts: int, reserved_for: str | None, record: bool = False
    ) -> None:
        uow.runs.add(run)
        uow.work.add(
            new_work(
                org_id=run.org_id,
                connection_id=run.connection_id,
                kind="poll",
                key=stream_key(run.stream),
                payload={"run": run.id, "record": True} if record else {"run": run.id},
                now=run.queued_at,
                max_attempts=attempts,
                reserved_for=reserved_for,
            )
        )


class _Desk:
    """What is asked again and again while many moments are entered in one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow
        self._connections: dict[tuple[int, int], ConnectionRow | None] = {}
        self._streams: dict[tuple[int, int], dict[str, StreamRow]] = {}
        self._standing: dict[str, str] = {}

    def connection(self, stream: StreamRow) -> ConnectionRow | None:
        """Return a stream's connection; None when it was removed."""
        key = (stream.org_id, stream.connection_id)
        if key not in self._connections:
            found = self._uow.connections.get(*key)
            self._connections[key] = found if found and found.state != REMOVED else None
        return self._connections[key]

    def stream(self, stream: StreamRow) -> StreamRow | None:
        """Return a stream as it is set by now; None when it is gone."""
        key = (stream.org_id, stream.connection_id)
        if key not in self._streams:
            self._streams[key] = {one.stream: one for one in self._uow.streams.of(*key)}
        return self._streams[key].get(stream.stream)

    def state(self, connection: ConnectionRow) -> str:
        """Return `active`, or the state of the connection or of its connector that keeps it from running."""
        if connection.state != "active":
            return connection.state
        if connection.connector not in self._standing:
            self._standing[connection.connector] = stands(self._uow, connection.connector)
        standing = self._standing[connection.connector]
        return "active" if standing == READY else standing

    def line(self, stream: StreamRow) -> Line:
        rows = self._uow.work.unfinished_of(stream.org_id, stream.connection_id, stream_key(stream.stream))
        running = sum(row.state == "running" for row in rows)
        return Line(running=running, waiting=len(rows) - running)
