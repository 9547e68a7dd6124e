"""A backfill carried out by this very process, beside whoever else is at its slices."""

import threading
import time
from collections.abc import Callable

from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.logging import logger
from levada_runtime.runs.foreground import Foreground
from levada_runtime.runs.queue import backfill_key
from levada_runtime.runs.service import Runs
from levada_runtime.store.backfills_model import BackfillRow
from levada_runtime.store.model import OrgRow
from levada_runtime.store.unit_of_work import Store
from levada_runtime.work.service import Token, WorkQueue

_PAUSE_S = 0.2


class Filling:
    """Takes the slices of a backfill that are due and that nobody is at, one after another, until it has ended."""

    def __init__(self, store: Store, clock: Clock, work: WorkQueue, runs: Runs, foreground: Foreground) -> None:
        self._store = store
        self._clock = clock
        self._work = work
        self._runs = runs
        self._foreground = foreground

    def fill(self, org: OrgRow, backfill_id: str) -> None:
        """Return when the backfill has ended; an interrupt puts the slice in hand back, to go on from its last page."""
        while True:
            with self._store.read() as uow:
                current = uow.backfills.get(org.id, backfill_id)
            if current is None or current.state != "running":
                return
            token = self._next(current)
            if token is None:
                time.sleep(_PAUSE_S)
                continue
            try:
                with self._foreground.kept(token):
                    self._runs.execute(token)
            except KeyboardInterrupt:
                self._put_back(token)
                raise

    def _next(self, backfill: BackfillRow) -> Token | None:
        now = self._clock.now()
        with self._store.read() as uow:
            waiting = [one for one in uow.backfills.slices(backfill) if one.finished_at is None]
            keys = [backfill_key(backfill.stream, one.window_from) for one in waiting]
            heads = [uow.work.head(backfill.org_id, backfill.connection_id, key) for key in keys]
        for head in heads:
            if head is not None and head.not_before <= now:
                token = self._work.claim_next(head.org_id, head.connection_id, head.key)
                if token is not None:
                    return token
        return None

    def _put_back(self, token: Token) -> None:
        with self._store.write() as uow:
            work = uow.work.get(token[0])
            if work is None or not uow.work.holds(*token):
                return
            uow.work.release(work, not_before=self._clock.now(), attempt=work.attempt - 1)
            run = uow.runs.get(work.org_id, str(work.payload["run"]))
            if run is not None:
                uow.runs.change(run, state="queued")


class Watch:
    """Asks again and again how far something has come, until the block ends."""

    def __init__(self, look: Callable[[], None], every_s: float) -> None:
        self._look = look
        self._every_s = every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_ending: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._every_s):
            try:
                self._look()
            except Exception as error:  # noqa: BLE001 - only somebody's eyes wait for it; the next look is a moment away
                logger("runs").debug("it could not be looked at", error=str(error))
