"""Forgetting what is old: a few rows at a time, and never so that whoever writes has to wait for it.

Between two of its transactions it rests four times as long as the last one took, and makes the next one smaller if that
was long; so it has a fifth of the writer's time at most, and each writer waits for one small transaction at most.
Several may prune at once: what one has taken away the other does not find.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.config import RetentionSettings
from levada_runtime.store.retention import KINDS, Cutoffs, Key, Place
from levada_runtime.store.unit_of_work import Store

WITH_DEAD: Final = ("receipts", "deliveries", "work")
"""What is kept longer when it was given up."""
_KEPT_UNDER: Final = {"event_keys": "events", "backfills": "runs", "pages": "runs"}
_LEAST_DAYS: Final = {"event_keys": 1.0, "receipts": 1.0}
"""What tells a repeat from something new is kept for as long as that is promised."""
_STAGED_AT_MOST: Final = timedelta(days=2)
_LOOK_AGAIN: Final = timedelta(days=1)
_FIRST, _LEAST, _MOST = 50, 10, 500
_LONG_S, _SHORT_S = 0.050, 0.030
_REST, _LEAST_REST_S = 4, 0.005

Pause = Callable[[float], bool]
"""Waits for some seconds; True when there is to be an end."""


class Pruner:
    """Takes away what is older than the operator's settings say."""

    def __init__(self, store: Store, clock: Clock, settings: RetentionSettings) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._been: dict[tuple[str, Place], Key] = {}
        self._since = clock.now()

    def prune(self, pause: Pause) -> dict[str, int]:
        """Go over everything once, and return how many rows of each kind are gone."""
        gone = dict.fromkeys(KINDS, 0)
        self._sweep()
        if not timedelta() <= self._clock.now() - self._since < _LOOK_AGAIN:
            self._been, self._since = {}, self._clock.now()
        for kind, cutoffs in cutoffs_at(self._settings, self._clock.now()).items():
            place = self._next(kind, None)
            while place is not None:
                count, stopped = self._line(kind, place, cutoffs, pause)
                gone[kind] += count
                if stopped:
                    return gone
                place = self._next(kind, place)
        return gone

    def _sweep(self) -> None:
        """Take away what dead runs left staged; no run lasts as long as that."""
        before = self._clock.now() - _STAGED_AT_MOST
        with self._store.read() as uow:
            if not uow.graph_parts.any_stale(before):
                return
        with self._store.write() as uow:
            uow.graph_parts.drop_stale(before)

    def _next(self, kind: str, after: Place | None) -> Place | None:
        with self._store.read() as uow:
            return uow.retention.next_place(kind, after)

    def _line(self, kind: str, place: Place, cutoffs: Cutoffs, pause: Pause) -> tuple[int, bool]:
        """Go along one line from its old end; return how many rows are gone, and whether to stop altogether.

        Where most of what is old stays for ever it begins where it was last, and at the old end once a day.
        """
        count, size = 0, _FIRST
        after = self._been.get((kind, place))
        while True:
            with self._store.read() as uow:
                found = uow.retention.look(kind, place, after, cutoffs, size)
            if found is None:
                return count, False
            if found.any_old:
                began = time.monotonic()
                with self._store.write() as uow:
                    count += uow.retention.forget(kind, place, after, found, cutoffs)
                took = time.monotonic() - began
                size = next_size(size, took)
                if pause(max(_LEAST_REST_S, _REST * took)):
                    return count, True
            else:
                size = next_size(size, 0.0)
            after = found.last
            if KINDS[kind].lasting:
                self._been[kind, place] = after
            if found.ended:
                return count, False


def cutoffs_at(settings: RetentionSettings, now: datetime) -> dict[str, Cutoffs]:
    """Return before when each kind may go, for those of which anything may."""
    every = {
        kind: Cutoffs(
            _before(now, kind, getattr(settings, f"{_KEPT_UNDER.get(kind, kind)}_days")),
            _before(now, kind, settings.dead_days) if kind in WITH_DEAD else None,
        )
        for kind in KINDS
    }
    return {kind: cutoffs for kind, cutoffs in every.items() if cutoffs.newest is not None}


def next_size(size: int, took_s: float) -> int:
    """Return how many rows to take next, by how long the last ones took: a recording may weigh as much as all ticks."""
    if took_s > _LONG_S:
        return max(_LEAST, size // 2)
    return min(_MOST, size * 2) if took_s < _SHORT_S else size


def _before(now: datetime, kind: str, days: float) -> datetime | None:
    return now - timedelta(days=max(days, _LEAST_DAYS.get(kind, 0.0))) if days else None
