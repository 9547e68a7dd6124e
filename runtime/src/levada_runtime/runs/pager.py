"""Pages: what a route emitted up to a `checkpoint.save` is committed with that checkpoint in one short transaction.

The transaction begins when the child has asked and is waiting, and ends before it is answered.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from levada_runtime.foundation.clock import Clock
from levada_runtime.graph.guard import Held
from levada_runtime.graph.model import SyncCounts
from levada_runtime.ingest.model import Counts
from levada_runtime.ingest.service import Ingest
from levada_runtime.runs.assertions import Assertions, graph_counts
from levada_runtime.runs.queue import checkpoint_of
from levada_runtime.runs.recorder import Recorder
from levada_runtime.sandbox.model import Abort
from levada_runtime.store.model import RunRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork
from levada_runtime.work.service import StaleClaimError, Token

Progress = Callable[[RunRow], None]


class Pager:
    """Commits the pages of one attempt; in observation there is no token and nothing is committed."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        run: RunRow,
        token: Token | None,
        ingest: Ingest,
        assertions: Assertions,
        recorder: Recorder,
        draining: threading.Event,
        progress: Progress,
    ) -> None:
        self._store = store
        self._clock = clock
        self.run = run
        self._token = token
        self._ingest = ingest
        self._assertions = assertions
        self._recorder = recorder
        self._draining = draining
        self._progress = progress
        self.progressed = False
        self._before = (run.http_requests, run.http_bytes)
        self.usage: Callable[[], tuple[int, int]] = _no_usage

    def save(self, partition: str, values: dict[str, Any]) -> None:
        """End the page with a checkpoint; a daemon that is stopping takes the run back here."""
        if self.run.observing:
            self._clear()
            return
        self._commit((partition, values))
        if self._draining.is_set():
            raise Abort("interrupted", "the runtime is stopping; the run goes on from this page")

    def commit_part(self) -> None:
        """Commit a page that has grown too large, without a checkpoint: emitting it again changes nothing."""
        if self.run.observing:
            self._clear()
        else:
            self._commit(None)

    def finish(self, uow: UnitOfWork, **ending: Any) -> RunRow:
        """Write the last page and the run's end in this unit of work.

        Raises StaleClaimError when somebody else holds the work by now; the unit of work must then be given up.
        """
        page = self._ingest.page
        last = 1 if page.staged or page.rejected or self._assertions.staged else 0
        if self._assertions.snapshots.is_open:
            self._recorder.log("warning", "the route returned inside a snapshot, so nothing of it is kept")
        written = self._write(uow)
        self._assertions.forget(uow)
        return self._turn(uow, *written, None, pages=self.run.pages + last, **ending)

    def drop(self, uow: UnitOfWork, **ending: Any) -> RunRow:
        """Give up the page but for its refused records, and write the run's end in this unit of work."""
        self._assertions.forget(uow)
        return self._turn(uow, self._ingest.write_rejected(uow, self._clock.now()), SyncCounts(), None, **ending)

    def http_usage(self) -> dict[str, int]:
        """Return the HTTP figures of the run: those of earlier attempts and this one's."""
        requests, received = self.usage()
        before_requests, before_bytes = self._before
        return {"http_requests": before_requests + requests, "http_bytes": before_bytes + received}

    def _commit(self, checkpoint: tuple[str, dict[str, Any]] | None) -> None:
        try:
            with self._store.write() as uow:
                self.run = self._turn(uow, *self._write(uow), checkpoint, pages=self.run.pages + 1)
        except StaleClaimError as error:
            raise Abort("worker_lost", str(error)) from None
        self.progressed = self.progressed or checkpoint is not None
        self._clear()
        self._recorder.forget()
        self._progress(self.run)

    def _write(self, uow: UnitOfWork) -> tuple[Counts, SyncCounts]:
        answered = len(self._ingest.page.rejected)
        counts = self._ingest.write(uow, self._clock.now())
        for rejected in self._ingest.page.rejected[answered:]:
            self._recorder.warn_of_rejected(rejected)
        graph, held = self._assertions.write(uow)
        for one in held:
            self._recorder.log("warning", *held_line(one))
        return counts, graph

    def _clear(self) -> None:
        self._ingest.clear()
        self._assertions.clear()
        effects = self._ingest.effects
        if effects is not None and (effects.full or self._assertions.beyond_a_plan):
            raise Abort("memory", "the observed run comes to more than a plan can hold; observe a smaller part of it")

    def _turn(
        self,
        uow: UnitOfWork,
        counts: Counts,
        graph: SyncCounts,
        checkpoint: tuple[str, dict[str, Any]] | None,
        **values: Any,
    ) -> RunRow:
        self._check_claim(uow, progressed=checkpoint is not None)
        if checkpoint is not None:
            partition, state = checkpoint
            owner = (self.run.org_id, self.run.connection_id, checkpoint_of(self.run))
            uow.checkpoints.keep(*owner, partition, state, self.run.id, self._clock.now())
            values["checkpoint_after"] = {**(self.run.checkpoint_after or {}), partition: state}
        counted = {**counts.merged_into(self.run.counts), **graph_counts(self.run.counts, graph)}
        values |= {"counts": counted, **self.http_usage()}
        uow.runs.change(self.run, **values)
        self._recorder.flush(uow, self.run)
        return replace(self.run, **values)

    def _check_claim(self, uow: UnitOfWork, *, progressed: bool) -> None:
        if self._token is None:
            return
        held = uow.work.progressed(*self._token) if progressed else uow.work.holds(*self._token)
        if not held:
            raise StaleClaimError("another worker holds this run by now; this one's page is given up")


def held_line(held: Held) -> tuple[str, dict[str, Any]]:
    """Return what a log says of a sync that is held, and its fields."""
    fields = {"held": held.id, "source": held.source, "reasons": [one.view() for one in held.reasons]}
    return f"{held.told}; `runtime graph held show {held.id}`", fields


def _no_usage() -> tuple[int, int]:
    return 0, 0
