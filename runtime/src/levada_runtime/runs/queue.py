"""Putting runs into the queue: by hand, or because a scheduled moment has come."""

from collections.abc import Sequence
from datetime import datetime

from levada_runtime.access.audit import note
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.ids import new_uuid
from levada_runtime.runs.ticking import Ticking
from levada_runtime.runs.ticks import Due
from levada_runtime.store.model import ConnectionRow, RunRow, StreamRow, WorkRow
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

        def new(connection: ConnectionRow, stream: StreamRow, at: datetime) -> RunRow:
            observing = connection.mode == "observe"
            return new_run(connection, stream.stream, now, observing=observing, scheduled_for=at)

        with self._store.write() as uow:
            runs = Ticking(uow, due, now, stream_key, new).runs()
            uow.runs.add_all(runs)
            uow.work.add_all([self._work_of(run, attempts=self._attempts) for run in runs])
        return runs

    def _enter(
        self, uow: UnitOfWork, run: RunRow, *, attempts: int, reserved_for: str | None, record: bool = False
    ) -> None:
        uow.runs.add(run)
        uow.work.add(self._work_of(run, attempts=attempts, reserved_for=reserved_for, record=record))

    @staticmethod
    def _work_of(run: RunRow, *, attempts: int, reserved_for: str | None = None, record: bool = False) -> WorkRow:
        return new_work(
            org_id=run.org_id,
            connection_id=run.connection_id,
            kind="poll",
            key=stream_key(run.stream),
            payload={"run": run.id, "record": True} if record else {"run": run.id},
            now=run.queued_at,
            max_attempts=attempts,
            reserved_for=reserved_for,
        )
