"""A backfill carried out by this very process, beside whoever else is at its slices."""

import threading
import time
from collections.abc import Callable

from levada_runtime.catalog.standing import stands
from levada_runtime.catalog.trust import READY
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.logging import logger
from levada_runtime.runs.course import UNFINISHED
from levada_runtime.runs.foreground import Foreground
from levada_runtime.runs.queue import backfill_key
from levada_runtime.runs.service import Runs
from levada_runtime.store.backfills_model import BackfillRow
from levada_runtime.store.connections import REMOVED
from levada_runtime.store.model import OrgRow, StreamRow
from levada_runtime.store.unit_of_work import Store
from levada_runtime.work.service import Token, WorkQueue

_PAUSE_S = 0.2
_STANDS = {"paused": "is paused", "needs_attention": "needs attention"}


class Filling:
    """Takes the slices of a backfill that are due and that nobody is at, one after another, until it has ended."""

    def __init__(self, store: Store, clock: Clock, work: WorkQueue, runs: Runs, foreground: Foreground) -> None:
        self._store = store
        self._clock = clock
        self._work = work
        self._runs = runs
        self._foreground = foreground

    def fill(self, org: OrgRow, backfill_id: str) -> str | None:
        """Return when the backfill has ended, or with what its slices wait for until somebody does something.

        An interrupt puts the slice in hand back, to go on from its last page.
        """
        while True:
            with self._store.read() as uow:
                current = uow.backfills.get(org.id, backfill_id)
            if current is None or current.state != "running":
                return None
            token = self._next(current)
            if token is None:
                obstacle = self._obstacle(current)
                if obstacle is not None:
                    return obstacle
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
            waiting = uow.backfills.standing(backfill, sorted(UNFINISHED))
            keys = [backfill_key(backfill.stream, one.window_from) for one in waiting]
            heads = [uow.work.head(backfill.org_id, backfill.connection_id, key) for key in keys]
        for head in heads:
            if head is not None and head.not_before <= now:
                token = self._work.claim_next(head.org_id, head.connection_id, head.key)
                if token is not None:
                    return token
        return None

    def _obstacle(self, backfill: BackfillRow) -> str | None:
        """Say what keeps every slice waiting, if it is nothing that passes by itself."""
        with self._store.read() as uow:
            connection = uow.connections.get(backfill.org_id, backfill.connection_id)
            if connection is None or connection.state == REMOVED:
                return None
            if connection.state != "active":
                return f"the connection {connection.name!r} {_STANDS.get(connection.state, connection.state)}"
            if any(one.paused for one in uow.streams.of(connection.org_id, connection.id) if _is_of(one, backfill)):
                return f"the stream {backfill.stream!r} is paused"
            standing = stands(uow, connection.connector)
        return None if standing == READY else f"its connector is not to be run: {standing.replace('_', ' ')}"

    def _put_back(self, token: Token) -> None:
        with self._store.write() as uow:
            work = uow.work.get(token[0])
            if work is None or not uow.work.holds(*token):
                return
            uow.work.release(work, not_before=self._clock.now(), attempt=work.attempt - 1)
            run = uow.runs.get(work.org_id, str(work.payload["run"]))
            if run is not None:
                uow.runs.change(run, state="queued")


def _is_of(stream: StreamRow, backfill: BackfillRow) -> bool:
    return stream.stream == backfill.stream


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
