"""Trying once more what a run was for: another run, since the one that was is what it was."""

from typing import Final

from levada import Window
from levada_runtime.access.audit import note
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.runs.cancelling import found
from levada_runtime.runs.course import UNFINISHED
from levada_runtime.runs.queue import RunQueue
from levada_runtime.runs.receipts import ReceiptLibrary
from levada_runtime.runs.slices import Slices
from levada_runtime.store.connections import REMOVED
from levada_runtime.store.model import ConnectionRow, OrgRow, RunRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork

_AGAIN: Final = frozenset({"failed", "cancelled", "partial"})


class Retries:
    """Retries the runs of one organisation at a time."""

    def __init__(self, store: Store, clock: Clock, queue: RunQueue, receipts: ReceiptLibrary, slices: Slices) -> None:
        self._store = store
        self._clock = clock
        self._queue = queue
        self._receipts = receipts
        self._slices = slices

    def retry(self, org: OrgRow, run_id: str) -> str:
        """Enter another run of the same stream, receipt or slice, and return its id; a daemon carries it out.

        Raises NotFoundFailure, or UsageFailure for a run that is under way, that succeeded, or that was no run of a
        route.
        """
        with self._store.read() as uow:
            run = found(uow, org, run_id)
            connection = _connection(uow, run)
        _check(run, connection)
        if run.mode == "webhook" and run.receipt_id is not None:
            return str(self._receipts.replay(org, run.receipt_id)["run"])
        if run.mode == "backfill":
            return self._slice(org, connection, run)
        return self._queue.by_hand(connection, run.stream, retries=run.id).id

    def _slice(self, org: OrgRow, connection: ConnectionRow, run: RunRow) -> str:
        now = self._clock.now()
        with self._store.write() as uow:
            backfill = uow.backfills.get(org.id, run.backfill_id or "")
            if backfill is None:
                raise UsageFailure(
                    f"the backfill that the run {run.id} was a slice of is no longer kept",
                    code="backfill_forgotten",
                    hint="begin another one: `runtime backfill`",
                )
            if backfill.cancel_requested_at is not None:
                raise UsageFailure(
                    f"the backfill of the run {run.id} was cancelled",
                    code="backfill_ended",
                    hint=f"`runtime backfills resume {backfill.id}` goes on with all that is missing",
                )
            last = next(one for one in uow.backfills.slices(backfill) if one.window_from == run.window_from)
            if last.state in UNFINISHED:
                raise UsageFailure(f"the slice is in the queue already, as the run {last.id}", code="run_unfinished")
            entered = self._slices.enter(uow, connection, backfill, Window(last.window_from, last.window_until), now)
            self._slices.advance(uow, backfill, now)
            note(uow, org.id, now, "run.retry", run.id, run=entered.id, stream=run.stream)
        return entered.id


def _connection(uow: UnitOfWork, run: RunRow) -> ConnectionRow:
    connection = uow.connections.get(run.org_id, run.connection_id)
    if connection is None or connection.state == REMOVED:
        raise UsageFailure(f"the connection of the run {run.id} was removed", code="connection_removed")
    return connection


def _check(run: RunRow, connection: ConnectionRow) -> None:
    if run.state in UNFINISHED:
        raise UsageFailure(f"the run {run.id} has not ended: it is {run.state}", code="run_unfinished")
    if run.mode not in ("poll", "webhook", "backfill"):
        raise UsageFailure(f"the run {run.id} was a {run.mode}, which no route carries out", code="not_retryable")
    if run.observing and (connection.mode != "observe" or (run.mode == "backfill" and run.backfill_id is None)):
        raise UsageFailure(
            f"the run {run.id} only observed: tried once more it would commit",
            code="not_retryable",
            hint="`runtime observe` does as much again",
        )
    if run.state not in _AGAIN:
        raise UsageFailure(
            f"the run {run.id} {run.state}: there is nothing to try once more",
            code="not_retryable",
            hint="`runtime run` and `runtime backfill` read a source again",
        )
