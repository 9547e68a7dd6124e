"""Which of several daemons on one database is the one that says what is due.

They all stand for it, several times a second; whoever has the lock builds a schedule from the streams table, and stops
it when the lock is lost. A moment that two of them entered would still be one: the ledger holds it once.
"""

import threading
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from levada_runtime.foundation.logging import logger
from levada_runtime.store.leadership import LastingLock

LOCK: Final = "schedule"
_BEAT_S: Final = 0.2


class Term(Protocol):
    """What a leader does for as long as it leads."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


Its = TypeVar("Its", bound=Term)


class Leader(Generic[Its]):
    """Stands for election as long as it runs, and serves a term whenever it wins."""

    def __init__(
        self, lock: LastingLock, new_term: Callable[[], Its], crashed: Callable[[BaseException], None]
    ) -> None:
        """Take what makes a term; `crashed` is told of an error that nobody expected, after which it leads no more."""
        self._lock = lock
        self._new_term = new_term
        self._crashed = crashed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._guard, name="leader", daemon=True)
        self.term: Its | None = None
        """What it does while it leads; None while another does."""

    def start(self) -> None:
        """Stand at once, so that whoever is alone leads when this returns; and go on standing."""
        self._stand()
        self._thread.start()

    def stop(self) -> None:
        """End the term, if there is one, and let another lead."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._resign()
        self._lock.let_go()

    def _guard(self) -> None:
        try:
            while not self._stop.wait(_BEAT_S):
                self._stand()
        except Exception as error:  # noqa: BLE001 - whatever it is, the daemon must end rather than go without a schedule
            self._crashed(error)

    def _stand(self) -> None:
        if not self._lock.held():
            self._resign()
        elif self.term is None:
            term = self._new_term()
            term.start()
            self.term = term
            logger("scheduler").info("this daemon leads the schedule now")

    def _resign(self) -> None:
        term, self.term = self.term, None
        if term is not None:
            term.stop()
            logger("scheduler").info("this daemon leads the schedule no more")
