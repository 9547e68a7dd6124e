"""Cancelling runs: one that waits ends at once, one that is under way at the next question of its child."""

from dataclasses import replace
from typing import Any

from levada_runtime.access.audit import note
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.runs.closing import Closing
from levada_runtime.runs.queue import line_of
from levada_runtime.runs.stopping import CANCELLED
from levada_runtime.runs.views import FINISHED
from levada_runtime.store.model import OrgRow, RunRow, WorkRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork


class Cancellations:
    """Cancels the runs of one organisation at a time."""

    def __init__(self, store: Store, clock: Clock, closing: Closing) -> None:
        self._store = store
        self._clock = clock
        self._closing = closing

    def cancel(self, org: OrgRow, run_id: str) -> RunRow:
        """End a run that waits, or ask for the end of one that is under way; its pages so far stay.

        Raises NotFoundFailure, or UsageFailure when it has ended already.
        """
        with self._store.write() as uow:
            run = found(uow, org, run_id)
            cancelled = self.cancel_in(uow, run)
            if cancelled is None:
                ended = found(uow, org, run_id)
                raise UsageFailure(f"the run {run_id} has ended already: it {_was(ended)}", code="run_ended")
            note(uow, org.id, self._clock.now(), "run.cancel", run_id, stream=run.stream)
        return cancelled

    def cancel_in(
        self, uow: UnitOfWork, run: RunRow, message: str = "it was cancelled before it began"
    ) -> RunRow | None:
        """Do so in this unit of work; None when no work of it is left, so that it has ended."""
        work = _work_of(uow, run)
        if work is None:
            return None
        return self.end(uow, run, work, message)

    def end(self, uow: UnitOfWork, run: RunRow, work: WorkRow, message: str, *, told: bool = True) -> RunRow:
        """Do so to a run whose unfinished work this unit of work holds; without `told` no event is published."""
        now = self._clock.now()
        if work.state == "running":
            uow.runs.change(run, cancel_requested_at=now)
            return replace(run, cancel_requested_at=now)
        uow.work.cancel(work)
        error = {"code": CANCELLED, "message": message, "details": {}}
        values: dict[str, Any] = {
            "state": CANCELLED,
            "reason": None,
            "error": error,
            "cancel_requested_at": now,
            "finished_at": now,
        }
        uow.runs.change(run, **values)
        ended = replace(run, **values)
        self._closing.close(uow, ended, now, told=told)
        return ended


def found(uow: UnitOfWork, org: OrgRow, run_id: str) -> RunRow:
    """Return a run; raise NotFoundFailure when there is none."""
    run = uow.runs.get(org.id, run_id)
    if run is None:
        raise NotFoundFailure(f"there is no run {run_id!r}", hint="`runtime runs list` shows them")
    return run


def _work_of(uow: UnitOfWork, run: RunRow) -> WorkRow | None:
    """Return the unfinished work of a run, which nobody else claims or changes before the unit of work ends."""
    line = line_of(run)
    held = uow.work.hold_line(run.org_id, run.connection_id, line) if line and run.state not in FINISHED else []
    return next((one for one in held if one.payload.get("run") == run.id), None)


def _was(run: RunRow) -> str:
    return run.state if run.state in ("succeeded", "failed") else f"is {run.state}"
