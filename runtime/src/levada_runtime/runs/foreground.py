"""A stream run now, by this very process, in line with whatever else is due for it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from levada_runtime.foundation.logging import logger
from levada_runtime.runs.pager import Progress
from levada_runtime.runs.queue import RunQueue, stream_key
from levada_runtime.runs.service import Runs
from levada_runtime.runs.views import FINISHED
from levada_runtime.store.failures import UNAVAILABLE
from levada_runtime.store.model import ConnectionRow, RunRow
from levada_runtime.store.unit_of_work import Store
from levada_runtime.work.service import Token, WorkQueue

_PAUSE_S = 0.1


class Foreground:
    """Enters a run, waits for its turn, and carries it out."""

    def __init__(self, store: Store, work: WorkQueue, queue: RunQueue, runs: Runs) -> None:
        self._store = store
        self._work = work
        self._queue = queue
        self._runs = runs

    def run(
        self,
        connection: ConnectionRow,
        stream: str,
        progress: Progress,
        waiting: Callable[[], None],
        *,
        record: bool = False,
    ) -> RunRow:
        """Return the run when it has ended; earlier work of the same stream that nobody is at is carried out first.

        `waiting` is called once if another process is at the stream. An interrupt cancels the run. With `record` its
        HTTP is kept.
        """
        run = self._queue.by_hand(connection, stream, reserved_for=self._work.owner, record=record)
        try:
            return self._until_ended(run, progress, waiting)
        except KeyboardInterrupt:
            self._runs.cancel(run)
            raise

    def _until_ended(self, run: RunRow, progress: Progress, waiting: Callable[[], None]) -> RunRow:
        told = False
        while True:
            token = self._work.claim_next(run.org_id, run.connection_id, stream_key(run.stream))
            if token is not None:
                with self.kept(token):
                    self._runs.execute(token, progress)
            with self._store.read() as uow:
                current = uow.runs.get(run.org_id, run.id)
            assert current is not None
            if current.state in FINISHED:
                return current
            if token is None:
                if not told:
                    waiting()
                told = True
                time.sleep(_PAUSE_S)

    @contextmanager
    def kept(self, token: Token) -> Iterator[None]:
        """Renew the claim's lease while the block runs."""
        over = threading.Event()
        keeper = threading.Thread(target=self._renew, args=(token, over), daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()

    def _renew(self, token: Token, over: threading.Event) -> None:
        while not over.wait(self._work.lease.total_seconds() / 3):
            try:
                self._work.renew([token])
            except UNAVAILABLE as error:
                logger("runs").warning("a lease could not be renewed; it will be tried again", error=str(error))
