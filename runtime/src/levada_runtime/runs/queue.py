"""Putting runs into the queue: by hand, or because a scheduled moment has come."""

from datetime import datetime

from levada_runtime.access.audit import note
from levada_runtime.catalog.standing import stands
from levada_runtime.catalog.trust import READY
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.ids import new_uuid
from levada_runtime.store.model import ConnectionRow, RunRow, StreamRow, TickRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork
from levada_runtime.work.service import new_work


def stream_key(stream: str) -> str:
    """Return the key under which one stream's work stands in line."""
    return f"stream:{stream}"


def webhook_key(stream: str) -> str:
    """Return the key under which one stream's receipts stand in line."""
    return f"webhook:{stream}"


def checkpoint_of(run: RunRow) -> str:
    """Return what a run's checkpoint is kept under: what a webhook saves is not where a poll goes on from."""
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
        self, connection: ConnectionRow, stream: str, *, reserved_for: str | None = None, record: bool = False
    ) -> RunRow:
        """Enter a run that an operator asked for; a reserved one is carried out by that process, and tried once."""
        run = new_run(connection, stream, self._clock.now(), observing=connection.mode == "observe")
        with self._store.write() as uow:
            attempts = 1 if reserved_for else self._attempts
            self._enter(uow, run, attempts=attempts, reserved_for=reserved_for, record=record)
            note(uow, run.org_id, run.queued_at, "run.start", run.id, connection=connection.name, stream=stream)
        return run

    def tick(self, stream: StreamRow, scheduled_for: datetime) -> RunRow | None:
        """Enter the run of a scheduled moment, once however many schedulers there are; None when it is skipped."""
        now = self._clock.now()
        with self._store.write() as uow:
            connection = uow.connections.get(stream.org_id, stream.connection_id)
            if connection is None:
                return None
            uow.lock("ticks", stream.org_id, stream.connection_id)
            skipped = self._why_skipped(uow, connection, stream)
            run = new_run(
                connection, stream.stream, now, observing=connection.mode == "observe", scheduled_for=scheduled_for
            )
            tick = TickRow(
                org_id=stream.org_id,
                connection_id=stream.connection_id,
                stream=stream.stream,
                scheduled_for=scheduled_for,
                outcome="skipped" if skipped else "ran",
                reason=skipped,
                run_id=None if skipped else run.id,
                decided_at=now,
            )
            if not uow.ticks.add(tick) or skipped:
                return None
            self._enter(uow, run, attempts=self._attempts, reserved_for=None)
        return run

    @staticmethod
    def _why_skipped(uow: UnitOfWork, connection: ConnectionRow, stream: StreamRow) -> str | None:
        if connection.state != "active" or stream.paused:
            return "paused" if connection.state == "active" else connection.state
        standing = stands(uow, connection.connector)
        if standing != READY:
            return standing
        line = uow.work.unfinished_of(stream.org_id, stream.connection_id, stream_key(stream.stream))
        return "overlap" if line else None

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
