"""The slices of backfills on their way into the queue: as many at once as a backfill allows, the next when one ends.

Each is a run of its own and stands in a line of its own, so that slices run beside one another, and beside the polls
of their stream. Whoever changes a slice's work holds that first and its backfill after it.
"""

from dataclasses import replace
from datetime import datetime

from levada import Window
from levada_runtime.runs.course import HOLES, UNFINISHED, next_move
from levada_runtime.runs.queue import backfill_key, new_run
from levada_runtime.store.backfills_model import BackfillRow
from levada_runtime.store.connections import REMOVED
from levada_runtime.store.model import ConnectionRow, RunRow
from levada_runtime.store.unit_of_work import UnitOfWork
from levada_runtime.work.service import new_work

_OPEN = sorted(UNFINISHED | HOLES)


class Slices:
    """Enters slices, each to be tried `attempts` times."""

    def __init__(self, attempts: int = 3) -> None:
        self._attempts = attempts

    def advance(self, uow: UnitOfWork, backfill: BackfillRow, now: datetime) -> BackfillRow:
        """Do what is next for a backfill that this unit of work holds: enter slices, or write down its end."""
        connection = uow.connections.get(backfill.org_id, backfill.connection_id)
        abandoned = connection is None or connection.state == REMOVED
        open_slices = uow.backfills.standing(backfill, _OPEN)
        has_partial = bool(uow.backfills.standing(backfill, ("partial",), limit=1))
        move = next_move(backfill, open_slices, has_partial=has_partial, abandoned=abandoned)
        if connection is not None:
            for window in move.windows:
                self.enter(uow, connection, backfill, window, now)
        ended = move.state is not None
        changed = replace(
            backfill,
            entered=move.entered,
            state=move.state or "running",
            finished_at=now if ended else None,
        )
        if changed != backfill:
            uow.backfills.change(
                backfill, entered=changed.entered, state=changed.state, finished_at=changed.finished_at
            )
        return changed

    def enter(
        self, uow: UnitOfWork, connection: ConnectionRow, backfill: BackfillRow, window: Window, now: datetime
    ) -> RunRow:
        """Enter the run of one slice, with its work."""
        waiting = new_run(connection, backfill.stream, now, observing=connection.mode == "observe", mode="backfill")
        run = replace(waiting, backfill_id=backfill.id, window_from=window.start, window_until=window.end)
        uow.runs.add(run)
        uow.work.add(
            new_work(
                org_id=run.org_id,
                connection_id=run.connection_id,
                kind="backfill",
                key=backfill_key(run.stream, window.start),
                payload={"run": run.id},
                now=now,
                max_attempts=self._attempts,
            )
        )
        return run

    def ended(self, uow: UnitOfWork, run: RunRow, now: datetime) -> None:
        """Go on with the backfill whose slice this run was, if it was one; its end is written already."""
        backfill = uow.backfills.get(run.org_id, run.backfill_id) if run.backfill_id else None
        if backfill is not None:
            self.advance(uow, backfill, now)
