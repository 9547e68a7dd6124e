"""APScheduler asks croniter when a stream is due; the job does nothing but say so.

Jobs live in memory and are rebuilt from the streams table: two schedulers over one job store fired 579 times where 300
were due.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.logging import logger
from levada_runtime.scheduler.cron import next_fire
from levada_runtime.store.model import StreamRow
from levada_runtime.store.unit_of_work import Store

Due = Callable[[StreamRow, datetime], object]
_REFRESH_S = 1.0
_RECENT = timedelta(days=1)


class CronTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler publishes no types
    """A trigger whose next fire time is croniter's; APScheduler's own parser numbers weekdays otherwise."""

    def __init__(self, expression: str, zone: str, hash_id: str) -> None:
        self._expression = expression
        self._zone = zone
        self._hash_id = hash_id
        self.latest: datetime | None = None
        """The latest moment that has come; a job is not told for which one it runs."""

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """Return the next moment after the previous one, or after now."""
        self.latest = previous or self.latest
        return next_fire(self._expression, self._zone, previous or now, self._hash_id)


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A stream and when it is next due."""

    stream: StreamRow
    at: datetime


class Scheduler:
    """Says of each scheduled stream when it is due, and follows the streams table within two seconds."""

    def __init__(self, store: Store, clock: Clock, due: Due) -> None:
        self._store = store
        self._clock = clock
        self._due = due
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._jobs: dict[str, StreamRow] = {}
        self._unreadable: dict[str, StreamRow] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="schedule", daemon=True)

    def start(self) -> None:
        self.refresh()
        for row in self._jobs.values():
            self._catch_up(row)
        self._scheduler.start()
        self._thread.start()

    def stop(self) -> None:
        """Fire nothing more; what is being entered is entered."""
        self._stop.set()
        self._thread.join()
        self._scheduler.shutdown(wait=True)

    def refresh(self) -> None:
        """Bring the jobs to what the streams table says."""
        with self._store.read() as uow:
            scheduled = {hash_id(row): row for row in uow.streams.scheduled() if not row.paused}
        wanted = {job_id: row for job_id, row in scheduled.items() if self._is_readable(job_id, row)}
        for job_id in set(self._jobs) - set(wanted):
            self._scheduler.remove_job(job_id)
        for job_id, row in wanted.items():
            if self._jobs.get(job_id) != row:
                self._add(job_id, row)
        self._jobs = wanted

    def upcoming(self) -> list[Upcoming]:
        """Return the scheduled streams, the next due first."""
        now = self._clock.now()
        moments = [(row, fire_after(row, now)) for row in self._jobs.values()]
        return sorted((Upcoming(row, at) for row, at in moments if at), key=lambda one: one.at)

    def _is_readable(self, job_id: str, row: StreamRow) -> bool:
        """Whether it can be said when a stream is due; one of which it cannot stops no other, and is told of once."""
        if row in (self._jobs.get(job_id), self._unreadable.get(job_id)):
            return job_id in self._jobs
        try:
            fire_after(row, self._clock.now())
        except Exception as error:  # noqa: BLE001 - a library may make anything of an expression
            logger("scheduler").error("a schedule cannot be read", stream=job_id, error=str(error))
            self._unreadable[job_id] = row
            return False
        self._unreadable.pop(job_id, None)
        return True

    def _add(self, job_id: str, row: StreamRow) -> None:
        trigger = CronTrigger(row.cron or "", row.timezone, hash_id(row))
        self._scheduler.add_job(self._tick, trigger, args=(row, trigger), id=job_id, name=job_id, replace_existing=True)

    def _tick(self, row: StreamRow, trigger: CronTrigger) -> None:
        """Enter the latest moment that has come."""
        if trigger.latest is not None:
            self._due(row, trigger.latest)

    def _catch_up(self, row: StreamRow) -> None:
        """Enter one run for whatever was missed while no scheduler ran."""
        with self._store.read() as uow:
            last = next(iter(uow.ticks.of(row.org_id, row.connection_id, row.stream, 1)), None)
        missed = missed_since(row, last.scheduled_for, self._clock.now()) if last else None
        if missed is not None:
            self._due(row, missed)

    def _follow(self) -> None:
        while not self._stop.wait(_REFRESH_S):
            try:
                self.refresh()
            except Exception as error:  # noqa: BLE001 - the schedule as it was goes on; the next look is a second away
                logger("scheduler").error("the streams could not be read", error=str(error))


def hash_id(row: StreamRow) -> str:
    """Return what places a stream's `H`: the same on every start and every machine."""
    return f"{row.org_id}/{row.connection_id}/{row.stream}"


def fire_after(row: StreamRow, moment: datetime) -> datetime | None:
    """Return when a stream is next due after a moment."""
    return next_fire(row.cron, row.timezone, moment, hash_id(row)) if row.cron else None


def missed_since(row: StreamRow, last: datetime, now: datetime) -> datetime | None:
    """Return the latest moment after `last` that has passed; of a long time without one, the first is as good."""
    first = found = fire_after(row, last)
    if first is None or first > now:
        return None
    moment = fire_after(row, max(first, now - _RECENT))
    while moment is not None and moment <= now:
        found, moment = moment, fire_after(row, moment)
    return found
