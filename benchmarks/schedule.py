"""Many scheduled streams: how soon they are scheduled, what memory that takes, and how late their moments are entered.

A moment is entered when its tick, its run and its work are committed. Hourly streams with `H` come a few hundred a
minute; then every stream is made to come at the same minute, which is the herd that `H` is there to avoid.
"""

import argparse
import gc
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from benchmarks.peers.model import UnavailableError
from benchmarks.peers.processes import memory_bytes
from benchmarks.peers.server import server
from levada_runtime.foundation.clock import SystemClock
from levada_runtime.runs.queue import RunQueue
from levada_runtime.runs.ticks import Due
from levada_runtime.scheduler.schedule import Scheduler
from levada_runtime.store.engine import make_engine
from levada_runtime.store.model import ConnectionRow, OrgRow, StreamRow
from levada_runtime.store.schema import upgrade
from levada_runtime.store.unit_of_work import Store

STORES = ("SQLite", "PostgreSQL")
CONNECTIONS, EACH = 1_000, 10
MINUTES = 3
SETTLING_S = 10
START_S, MEMORY_MB, LATE_S = 10.0, 100, 1.0
HOURLY, EVERY_MINUTE, ZONE = "H * * * *", "* * * * *", "Europe/Berlin"
_AFTER_A_MINUTE = 60 + 40


def measure(words: argparse.Namespace) -> None:
    """Print what 10,000 streams cost to schedule, and how late they come."""
    for name in words.stores or STORES:
        with _fresh(name) as url:
            if url is not None:
                _measure(name, url)


@contextmanager
def _fresh(store: str) -> Iterator[str | None]:
    if store == "SQLite":
        with tempfile.TemporaryDirectory(prefix="levada-schedule-") as folder:
            yield f"sqlite:///{Path(folder) / 'schedule.db'}"
        return
    try:
        with server() as running:
            database = running.create("schedule")
            yield database.url
            running.drop(database)
    except UnavailableError as reason:
        print(f"{store}: {reason}")
        yield None


def _measure(name: str, url: str) -> None:
    engine = make_engine(url)
    upgrade(engine)
    store, clock = Store(engine), SystemClock()
    _lay(store, HOURLY)
    queue, looked = RunQueue(store, clock, 3), _Looked()

    def enter(due: Sequence[Due]) -> None:
        queue.tick(due)
        looked.at(due)

    gc.collect()
    memory, began = memory_bytes(os.getpid()), time.perf_counter()
    scheduler = Scheduler(store, clock, enter)
    scheduler.start()
    took = time.perf_counter() - began
    gc.collect()
    grown = (memory_bytes(os.getpid()) - memory) / 1e6
    print(f"{name}, {CONNECTIONS * EACH:,} streams")
    print(f"  scheduled in {took:.1f} s ({_verdict(took, START_S)}), {grown:.0f} MB ({_verdict(grown, MEMORY_MB)})")
    time.sleep(SETTLING_S)
    looked.lateness()
    until = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=MINUTES, seconds=20)
    processor = time.process_time()
    time.sleep((until - datetime.now(UTC)).total_seconds())
    late = looked.lateness()
    share = (time.process_time() - processor) / (60 * MINUTES)
    p99 = late[int(len(late) * 0.99)]
    print(
        f"  {len(late):,} moments over {MINUTES} minutes entered late by p50 {late[len(late) // 2] * 1000:.0f} ms,"
        f" p99 {p99 * 1000:.0f} ms, at most {late[-1] * 1000:.0f} ms ({_verdict(p99, LATE_S)}); {share:.0%} of a core"
    )
    _herd(store, scheduler, looked)
    scheduler.stop()
    _check(store)
    store.close()


def _herd(store: Store, scheduler: Scheduler, looked: "_Looked") -> None:
    """Have all of them come at once."""
    _lay(store, EVERY_MINUTE)
    began = time.perf_counter()
    scheduler.refresh()
    took = time.perf_counter() - began
    time.sleep(_AFTER_A_MINUTE - datetime.now(UTC).second % 60)
    looked.lateness()
    time.sleep(60)
    late = looked.lateness()
    print(
        f"  all planned anew in {took:.1f} s; a herd of {len(late):,}: the middle one is entered"
        f" {late[len(late) // 2]:.1f} s late, the last {late[-1]:.1f} s"
    )


class _Looked:
    """How late moments were when they were committed."""

    def __init__(self) -> None:
        self._late: list[float] = []

    def at(self, due: Sequence[Due]) -> None:
        now = datetime.now(UTC)
        self._late += [(now - one.at).total_seconds() for one in due]

    def lateness(self) -> list[float]:
        """Return how late each was since it was asked last, ordered."""
        late, self._late = self._late, []
        return sorted(late)


def _lay(store: Store, schedule: str) -> None:
    now = datetime.now(UTC)
    with store.write() as uow:
        if not uow.orgs.all():
            uow.orgs.add(OrgRow(1, "default", now))
            for number in range(1, CONNECTIONS + 1):
                name = f"c{number}"
                uow.connections.add(ConnectionRow(1, number, name, name, "acme", {}, "live", "active", None, now, now))
        for number in range(1, CONNECTIONS + 1):
            row = StreamRow(1, number, "", ["poll"], schedule, None, ZONE, paused=False, schedule_changed_at=now)
            streams = [replace(row, stream=f"s{one}") for one in range(EACH)]
            uow.streams.replace(1, number, streams)


def _check(store: Store) -> None:
    """Hold the ledger against the runs: every moment that ran has one."""
    counted = "SELECT (SELECT count(*) FROM ticks WHERE outcome = 'ran'), (SELECT count(*) FROM runs)"
    with store.engine.connect() as connection:
        ticks, runs = connection.execute(sa.text(counted)).one()
    assert ticks == runs, (ticks, runs)
    print(f"  {ticks:,} moments were run, each once")


def _verdict(figure: float, goal: float) -> str:
    return "met" if figure < goal else f"MISSED: {goal:g}"
