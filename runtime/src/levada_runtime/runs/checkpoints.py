"""Checkpoints in an operator's hands: looked at, set, and taken away, while nobody runs the stream.

A run keeps its checkpoint with the page that it ends. One that was set under a running run would be overwritten by its
next page, or would let it skip what it has just read: so it waits, or is refused.
"""

from typing import Any, Literal, get_args

import orjson

from levada_runtime.access.audit import note
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.runs.queue import stream_key, webhook_key
from levada_runtime.sandbox.protocol import CHECKPOINT_BYTES
from levada_runtime.store.model import ConnectionRow, OrgRow, StreamRow
from levada_runtime.store.streams import Checkpoint
from levada_runtime.store.unit_of_work import Store, UnitOfWork

Mode = Literal["poll", "webhook"]
MODES: tuple[str, ...] = get_args(Mode)
BY_HAND = ""
"""The run of a checkpoint that no run saved."""


class StreamStates:
    """How far a stream has come, by each way it is served: what polls keep is not what webhooks keep."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def get(self, row: ConnectionRow, stream: str, mode: str = "poll") -> dict[str, Any]:
        """Return what is saved of a stream.

        Raises UsageFailure when there is no such stream, or it is not served that way.
        """
        with self._store.read() as uow:
            found = _found(uow, row, stream, mode)
            saved = uow.checkpoints.saved(row.org_id, row.id, _kept_under(found, mode))
        return _view(row, stream, mode, saved)

    def set(
        self,
        org: OrgRow,
        row: ConnectionRow,
        stream: str,
        state: dict[str, Any],
        *,
        partition: str = "",
        mode: str = "poll",
    ) -> dict[str, Any]:
        """Let a stream go on from a state, by its next run.

        Raises UsageFailure when there is no such stream, or a run of it is under way.
        """
        if len(orjson.dumps(state)) > CHECKPOINT_BYTES:
            told = f"a checkpoint takes {CHECKPOINT_BYTES >> 20} MiB at most"
            raise UsageFailure(told, code="invalid_checkpoint")
        now = self._clock.now()
        with self._store.write() as uow:
            found = _at_rest(uow, row, stream, mode)
            uow.checkpoints.keep(row.org_id, row.id, _kept_under(found, mode), partition, state, BY_HAND, now)
            note(uow, org.id, now, "stream.state", f"{row.name}/{stream}", mode=mode, partition=partition or None)
        return self.get(row, stream, mode)

    def reset(
        self, org: OrgRow, row: ConnectionRow, stream: str, *, partition: str | None = None, mode: str = "poll"
    ) -> dict[str, Any]:
        """Let a stream begin at the beginning, by its next run; or one partition of it.

        What it reads again changes nothing that is unchanged. Raises UsageFailure as `set` does.
        """
        now = self._clock.now()
        with self._store.write() as uow:
            found = _at_rest(uow, row, stream, mode)
            gone = uow.checkpoints.forget(row.org_id, row.id, _kept_under(found, mode), partition)
            told = {"mode": mode, "partition": partition, "removed": gone}
            note(uow, org.id, now, "stream.reset", f"{row.name}/{stream}", **told)
        return {**self.get(row, stream, mode), "removed": gone}


def _found(uow: UnitOfWork, row: ConnectionRow, stream: str, mode: str) -> StreamRow:
    rows = uow.streams.of(row.org_id, row.id)
    found = next((one for one in rows if one.stream == stream and mode in one.modes), None)
    if found is None or mode not in MODES:
        known = ", ".join(one.stream for one in rows if mode in one.modes) or "none"
        told = f"{row.name!r} serves no stream {stream!r} by {mode}"
        raise UsageFailure(told, code="unknown_stream", hint=f"by {mode} it serves {known}")
    return found


def _at_rest(uow: UnitOfWork, row: ConnectionRow, stream: str, mode: str) -> StreamRow:
    """Return a stream that nobody runs, or begins to run, before this unit of work ends."""
    found = _found(uow, row, stream, mode)
    key = stream_key(stream) if mode == "poll" else webhook_key(stream)
    for work in uow.work.hold_line(row.org_id, row.id, key):
        if work.state == "running":
            told = f"a run of {row.name}/{stream} is under way: {work.payload.get('run')}"
            hint = "wait for its end, or `runtime runs cancel` it; a pause keeps the next from beginning"
            raise UsageFailure(told, code="stream_running", hint=hint)
    return found


def _kept_under(stream: StreamRow, mode: str) -> str:
    """Return what a mode's checkpoints are kept under, as `checkpoint_of` says of its runs."""
    return stream.stream if mode == "poll" else f"{mode}:{stream.stream}"


def _view(row: ConnectionRow, stream: str, mode: str, saved: list[Checkpoint]) -> dict[str, Any]:
    whole = next((one.state for one in saved if one.partition == ""), None)
    return {
        "connection": row.name,
        "stream": stream,
        "mode": mode,
        "checkpoint": whole,
        "partitions": [
            {
                "partition": one.partition,
                "state": one.state,
                "run": one.run_id or None,
                "updated_at": one.updated_at.isoformat(),
            }
            for one in saved
        ],
    }
