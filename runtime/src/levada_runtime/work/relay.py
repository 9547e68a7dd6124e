"""The relay takes due work, as much as the executor can carry, and keeps the leases of what is being done.

It is crash-only: an error it did not expect, of the store or of the executor, ends the daemon, and whoever starts it
again finds everything in the rows. A relay that lived on with a dead connection would be a queue that stands still, so
it also tells how long it has not looked, and says in the log when work that is due stays where it is.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from levada_runtime.foundation.logging import logger
from levada_runtime.store.failures import UNAVAILABLE, StoreUnavailable, is_busy
from levada_runtime.work.executor import Executor
from levada_runtime.work.fairness import PATIENT
from levada_runtime.work.service import Token, WorkQueue

_RECOVERY_PAUSE_S: Final = 1.0
_WATCH_PAUSE_S: Final = 15.0


class Relay:
    """A thread between the work rows and an executor."""

    def __init__(
        self,
        queue: WorkQueue,
        executor: Executor,
        pause_s: float,
        crashed: Callable[[BaseException], None],
        alert_s: float = float("inf"),
    ) -> None:
        """Look every `pause_s`; the log says so when work has been due for `alert_s` and nobody has taken it."""
        self._queue = queue
        self._executor = executor
        self._pause_s = pause_s
        self._crashed = crashed
        self._alert_s = alert_s
        self._looked = time.monotonic()
        self._stop = threading.Event()
        self._kick = threading.Event()
        self._thread = threading.Thread(target=self._guard, name="relay", daemon=True)

    def start(self) -> None:
        self._queue.recover()
        self._executor.start(self._lost, self.kick)
        self._thread.start()

    def kick(self) -> None:
        """Look now, because something was just queued."""
        self._kick.set()

    def idle_s(self) -> float:
        """Return for how many seconds it has not looked."""
        return time.monotonic() - self._looked

    def stop(self, timeout: float) -> None:
        """Claim nothing more, drain the executor, and free what is left; a store that is gone stops none of it."""
        self._stop.set()
        self._kick.set()
        if self._thread.ident is not None:
            self._thread.join()
        left = threading.Thread(target=self._executor.drain, args=(timeout,))
        left.start()
        while left.is_alive():
            self._unless_unavailable(lambda: self._queue.renew(self._executor.in_flight()))
            left.join(self._queue.lease.total_seconds() / 3)
        self._unless_unavailable(self._queue.let_go)

    def _unless_unavailable(self, do: Callable[[], object]) -> None:
        try:
            do()
        except UNAVAILABLE as error:
            logger("work").warning("the store is gone; leases run out by themselves", error=str(error))

    def _lost(self, token: Token, *, tried: bool = True) -> None:
        """Free what a dead worker held; one that had to be killed for a stop does not count against its work."""
        try:
            self._queue.free(token, counts=tried and not self._stop.is_set())
        except StoreUnavailable as error:
            if not is_busy(error):
                self._crashed(error)
        except Exception as error:  # noqa: BLE001 - on the executor's own thread nobody else would ever hear of it
            self._crashed(error)

    def _guard(self) -> None:
        try:
            self._loop()
        except Exception as error:  # noqa: BLE001 - whatever it is, the daemon must end rather than stand still
            self._crashed(error)

    def _loop(self) -> None:
        duties = (
            _Duty(lambda: self._queue.renew(self._executor.in_flight()), self._queue.lease.total_seconds() / 3),
            _Duty(lambda: self._queue.recover(self._executor.in_flight()), _RECOVERY_PAUSE_S),
            _Duty(self._watch, _WATCH_PAUSE_S),
        )
        while not self._stop.is_set():
            try:
                self._look()
                for duty in duties:
                    duty.do_if_due()
            except StoreUnavailable as error:
                _tell_if_busy(error)
            self._kick.wait(self._pause_s)
            self._kick.clear()

    def _look(self) -> None:
        room = self._executor.capacity()
        if room > 0:
            workers = room + len(self._executor.in_flight())
            self._executor.submit(self._queue.claim_due(room, workers))
        self._looked = time.monotonic()

    def _watch(self) -> None:
        """Say so when work is not taken; backfills may wait as long as there is anything else to do."""
        for kind, age in self._queue.waiting().items():
            if kind != PATIENT and age.total_seconds() > self._alert_s:
                logger("work").warning(
                    "work is due and nobody takes it; more workers may help", kind=kind, for_s=int(age.total_seconds())
                )
        for version, pieces in self._queue.foreign().items():
            logger("work").warning(
                "work waits for a daemon of the version that entered it", code_version=version, pieces=pieces
            )


def _tell_if_busy(error: StoreUnavailable) -> None:
    """Say that a store is busy, which will pass, and nobody can take over meanwhile. Raises any other error."""
    if not is_busy(error):
        raise error
    logger("work").warning("somebody has been writing to the store for long; it will be asked again", error=str(error))


class _Duty:
    """What is to be done again and again, with a pause between."""

    def __init__(self, do: Callable[[], object], pause_s: float) -> None:
        self._do = do
        self._pause_s = pause_s
        self._done = time.monotonic()

    def do_if_due(self) -> None:
        now = time.monotonic()
        if now - self._done > self._pause_s:
            self._do()
            self._done = now
