"""Entering moments that have come: many in one transaction, each accounted for, none forgotten.

Looks come in from the schedule; what they amount to is told by the ledger and handed on to whoever enters runs. What
cannot be entered, because the database is away, is looked at again until it can: by then more moments may have come,
and the ledger says of them what it says of any outage.
"""

import itertools
import queue
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.foundation.logging import logger
from levada_runtime.runs.ticks import Due
from levada_runtime.scheduler.accounting import Look, accounted_for, due_since, hash_id, is_the_next
from levada_runtime.store.unit_of_work import Store

Enter = Callable[[Sequence[Due]], object]
_AT_ONCE: Final = 200
_FIRST, _THEN = 0, 1
_AGAIN_S: Final = 1.0
_TO_THE_END_S: Final = 2.0


class Entering:
    """One thread that takes looks and enters what is due."""

    def __init__(self, store: Store, clock: Clock, enter: Enter) -> None:
        self._store = store
        self._clock = clock
        self._enter = enter
        self._looks: queue.PriorityQueue[tuple[int, int, Look | None]] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._accounted: dict[str, datetime] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Enter what has come already, for two seconds at most; the ledger knows what is left."""
        self._stop.set()
        self._put(None, _FIRST)
        self._thread.join()

    def look(self, look: Look) -> None:
        """Have a stream looked at soon; one whose moment has just come goes before those nobody has looked at yet."""
        self._put(look, _FIRST if look.at else _THEN)

    def _put(self, look: Look | None, turn: int) -> None:
        self._looks.put((turn, next(self._numbers), look))

    def forget(self, stream: str | None = None) -> None:
        """Ask the ledger anew what it says of a stream, or of all: its schedule is another, or the clock went back."""
        if stream is None:
            self._accounted.clear()
        else:
            self._accounted.pop(stream, None)

    def _run(self) -> None:
        waiting: list[Look] = []
        until = None
        while until is None or time.monotonic() < until:
            waiting += self._come(block=not waiting and not self._stop.is_set())
            waiting = self._entered(waiting)
            if self._stop.is_set():
                until = until or time.monotonic() + _TO_THE_END_S
                if self._looks.empty():
                    return
            elif waiting:
                self._stop.wait(_AGAIN_S)

    def _come(self, *, block: bool) -> list[Look]:
        found: list[Look] = []
        while len(found) < _AT_ONCE:
            try:
                _, _, look = self._looks.get(block=block and not found)
            except queue.Empty:
                break
            if look is None:
                break
            found.append(look)
        return found

    def _entered(self, looks: list[Look]) -> list[Look]:
        """Enter what these looks come to; returns those that are to be tried again."""
        if not looks:
            return []
        try:
            self._enter_all(looks)
        except EnvironmentFailure as failure:
            logger("scheduler").error("moments wait for the database", streams=len(looks), error=failure.message)
            return looks
        except Exception as error:  # noqa: BLE001 - whatever it is, no moment is lost: it is tried again, or by itself
            logger("scheduler").error("moments could not be entered", streams=len(looks), error=str(error))
        else:
            return []
        failed = [look for look in looks if not self._entered_alone(look)] if len(looks) > 1 else looks
        return failed if len(failed) == len(looks) else []

    def _entered_alone(self, look: Look) -> bool:
        try:
            self._enter_all([look])
        except Exception as error:  # noqa: BLE001 - one stream that cannot be entered holds up no other
            logger("scheduler").error("a moment could not be entered", stream=hash_id(look.stream), error=str(error))
            return False
        return True

    def _enter_all(self, looks: Sequence[Look]) -> None:
        now = self._clock.now()
        found: dict[str, Due | None] = {}
        by_ledger = self._by_ledger(looks, now)
        for look in looks:
            name = hash_id(look.stream)
            if found.get(name) is None:
                found[name] = self._due(look, by_ledger.get(name), now)
        due = [one for one in found.values() if one is not None]
        if due:
            self._enter(due)
        self._accounted |= {name: one.at if one else now for name, one in found.items()}

    def _by_ledger(self, looks: Sequence[Look], now: datetime) -> dict[str, datetime]:
        """Return what the ledger says of the streams of which nothing is known here."""
        rows = {hash_id(one.stream): one.stream for one in looks if hash_id(one.stream) not in self._accounted}
        if not rows:
            return {}
        names = [(row.org_id, row.connection_id, row.stream) for row in rows.values()]
        with self._store.read() as uow:
            told = uow.ticks.accounted(names, now)
        return {name: told[key] for name, key in zip(rows, names, strict=True) if key in told}

    def _due(self, look: Look, by_ledger: datetime | None, now: datetime) -> Due | None:
        accounted = self._accounted.get(hash_id(look.stream)) or accounted_for(look.stream, by_ledger)
        if look.at is not None and (accounted is None or is_the_next(look, accounted, now)):
            return Due(look.stream, look.at)
        return due_since(look.stream, accounted, now) if accounted is not None else None
