"""The relay takes due work, as much as the executor can carry, and keeps the leases of what is being done.

It is crash-only: an error it did not expect ends the daemon, and whoever starts it again finds everything in the rows.
"""

import threading
import time
from collections.abc import Callable

from levada_runtime.work.executor import Executor
from levada_runtime.work.service import WorkQueue

_RECOVERY_PAUSE_S = 1.0


class Relay:
    """A thread between the work rows and an executor."""

    def __init__(
        self, queue: WorkQueue, executor: Executor, pause_s: float, crashed: Callable[[BaseException], None]
    ) -> None:
        self._queue = queue
        self._executor = executor
        self._pause_s = pause_s
        self._crashed = crashed
        self._stop = threading.Event()
        self._kick = threading.Event()
        self._thread = threading.Thread(target=self._guard, name="relay", daemon=True)

    def start(self) -> None:
        self._queue.recover()
        self._executor.start(self._queue.free, self.kick)
        self._thread.start()

    def kick(self) -> None:
        """Look now, because something was just queued."""
        self._kick.set()

    def stop(self, timeout: float) -> None:
        """Claim nothing more, drain the executor, and free what is left."""
        self._stop.set()
        self._kick.set()
        self._thread.join()
        left = threading.Thread(target=self._executor.drain, args=(timeout,))
        left.start()
        while left.is_alive():
            self._queue.renew(self._executor.in_flight())
            left.join(self._queue.lease.total_seconds() / 3)

    def _guard(self) -> None:
        try:
            self._loop()
        except Exception as error:  # noqa: BLE001 - whatever it is, the daemon must end rather than stand still
            self._crashed(error)

    def _loop(self) -> None:
        renewed = recovered = time.monotonic()
        while not self._stop.is_set():
            self._executor.submit(self._queue.claim_due(self._executor.capacity()))
            now = time.monotonic()
            if now - renewed > self._queue.lease.total_seconds() / 3:
                self._queue.renew(self._executor.in_flight())
                renewed = now
            if now - recovered > _RECOVERY_PAUSE_S:
                self._queue.recover()
                recovered = now
            self._kick.wait(self._pause_s)
            self._kick.clear()
