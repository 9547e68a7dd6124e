"""APScheduler asks croniter when a stream is due; the job does nothing but have the stream looked at.

Jobs live in memory and are rebuilt from the streams table: two schedulers over one job store fired 579 times where 300
were due. One leadership is one Scheduler; it is not started twice.
"""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.logging import logger
from levada_runtime.scheduler.accounting import Look, fire_after, hash_id
from levada_runtime.scheduler.entering import Enter, Entering
from levada_runtime.store.model import StreamRow
from levada_runtime.store.unit_of_work import Store

_REFRESH_S: Final = 1.0
_JUMP: Final = timedelta(seconds=2)


class StreamTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler publishes no types
    """A trigger whose next fire time is croniter's; APScheduler's own parser numbers weekdays otherwise.

    However long nobody asked, it comes once: what passed meanwhile is for the ledger to tell.
    """

    __slots__ = ("before", "came", "following", "row")

    def __init__(self, row: StreamRow, first: datetime) -> None:
        self.row = row
        self.before: datetime | None = None
        """The moment that came before the latest, if this trigger saw it come."""
        self.came: datetime | None = None
        """The latest moment that has come; a job is not told for which one it runs."""
        self.following: datetime | None = first

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """Return the next moment after the previous one and after now."""
        if previous is not None and previous == self.came and self.following and self.following > now:
            return self.following
        if previous is not None and previous != self.came:
            self.before, self.came = self.came, previous
        self.following = fire_after(self.row, max(previous, now) if previous else now)
        return self.following


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A stream and when it is next due."""

    stream: StreamRow
    at: datetime


class Scheduler:
    """Says of each scheduled stream when it is due, and follows the streams table within two seconds."""

    def __init__(self, store: Store, clock: Clock, enter: Enter) -> None:
        self._store = store
        self._clock = clock
        self._entering = Entering(store, clock, enter)
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": DebugExecutor()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._planning = threading.Lock()
        self._seen: Any = None
        self._jobs: dict[str, StreamRow] = {}
        self._unreadable: dict[str, StreamRow] = {}
        self._clocks = _clocks()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="schedule", daemon=True)

    def start(self) -> None:
        """Schedule every stream, and have each looked at for moments that passed while nobody scheduled."""
        self.refresh()
        self._scheduler.start()
        self._entering.start()
        self._thread.start()

    def stop(self) -> None:
        """Fire nothing more; what has come is entered."""
        self._stop.set()
        self._thread.join()
        self._scheduler.shutdown(wait=True)
        self._entering.stop()

    def refresh(self) -> None:
        """Bring the jobs to what the streams table says."""
        with self._planning:
            self._refresh()

    def _refresh(self) -> None:
        with self._store.read() as uow:
            seen = uow.streams.scheduling()
            if seen == self._seen:
                return
            scheduled = {hash_id(row): row for row in uow.streams.scheduled()}
        for job_id in set(self._jobs) - set(scheduled):
            self._remove(job_id)
        for job_id, row in scheduled.items():
            before = self._jobs.get(job_id) or self._unreadable.get(job_id)
            if before is None or _timing(before) != _timing(row):
                self._add(job_id, row)
            elif job_id in self._jobs:
                self._jobs[job_id] = row
        self._seen = seen

    def upcoming(self) -> list[Upcoming]:
        """Return the scheduled streams that do not rest, the next due first."""
        now = self._clock.now()
        with self._planning:
            rows = [row for row in self._jobs.values() if not row.paused]
        moments = [(row, fire_after(row, now)) for row in rows]
        return sorted((Upcoming(row, at) for row, at in moments if at), key=lambda one: one.at)

    def heed_the_clock(self) -> None:
        """Do what a clock that was put forward or back asks for: look at once, or plan anew."""
        before, self._clocks = self._clocks, _clocks()
        jump = (self._clocks[0] - before[0]) - timedelta(seconds=self._clocks[1] - before[1])
        if abs(jump) < _JUMP:
            return
        logger("scheduler").warning("the clock was set", by_s=round(jump.total_seconds(), 1))
        if jump < timedelta():
            self.plan_anew()
        self._scheduler.wakeup()

    def plan_anew(self) -> None:
        """Ask of every stream again when it is due, and of the ledger what it says of it."""
        with self._planning:
            self._entering.forget()
            for job_id, row in list(self._jobs.items()):
                self._add(job_id, row)

    def _add(self, job_id: str, row: StreamRow) -> None:
        """Schedule a stream; one whose schedule cannot be read stops no other, and is told of once."""
        self._remove(job_id)
        try:
            first = fire_after(row, datetime.now(UTC))
        except Exception as error:  # noqa: BLE001 - a library may make anything of an expression
            logger("scheduler").error("a schedule cannot be read", stream=job_id, error=str(error))
            self._unreadable[job_id] = row
            return
        self._jobs[job_id] = row
        if first is not None:
            trigger = StreamTrigger(row, first)
            self._scheduler.add_job(self._come, trigger, args=(trigger,), id=job_id, name=job_id, next_run_time=first)
        self._entering.look(Look(row))

    def _remove(self, job_id: str) -> None:
        """Take a job away; one that had no moment left is gone already."""
        self._unreadable.pop(job_id, None)
        if self._jobs.pop(job_id, None) is None:
            return
        with suppress(JobLookupError):
            self._scheduler.remove_job(job_id)
        self._entering.forget(job_id)

    def _come(self, trigger: StreamTrigger) -> None:
        self._entering.look(Look(trigger.row, trigger.came, trigger.before, trigger.following))

    def _follow(self) -> None:
        while not self._stop.wait(_REFRESH_S):
            try:
                self.heed_the_clock()
                self.refresh()
            except Exception as error:  # noqa: BLE001 - the schedule as it was goes on; the next look is a second away
                logger("scheduler").error("the streams could not be read", error=str(error))


def _timing(row: StreamRow) -> tuple[str | None, str, datetime | None]:
    return row.cron, row.timezone, row.schedule_changed_at


def _clocks() -> tuple[datetime, float]:
    return datetime.now(UTC), time.monotonic()
