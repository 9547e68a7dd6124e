"""What follows from the end of a run beyond its own row: its event, its receipt, the next slice of its backfill."""

from datetime import datetime
from typing import Any

from levada_runtime.runs.events import publish_end
from levada_runtime.runs.queue import checkpoint_of
from levada_runtime.runs.receipts import settle
from levada_runtime.runs.slices import Slices
from levada_runtime.store.model import RunRow
from levada_runtime.store.unit_of_work import UnitOfWork

_DONE = frozenset({"succeeded", "partial"})


class Closing:
    """Closes runs, in the unit of work that has just written their end."""

    def __init__(self, slices: Slices | None = None) -> None:
        self._slices = slices or Slices()

    def close(
        self, uow: UnitOfWork, run: RunRow, at: datetime, *, reply: dict[str, Any] | None = None, told: bool = True
    ) -> None:
        """Let everybody know who waits for it; without `told` no event is published."""
        if told:
            publish_end(uow, run, at)
        settle(uow, run, at, "cancelled" if run.state == "cancelled" else run.reason, reply)
        if run.mode == "backfill":
            if run.state in _DONE and not run.observing:
                # The window is through; whoever backfills it again wants all of it again.
                uow.checkpoints.forget(run.org_id, run.connection_id, checkpoint_of(run))
            self._slices.ended(uow, run, at)
