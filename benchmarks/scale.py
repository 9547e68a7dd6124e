"""What a record costs as the store grows, and what memory the daemon, a worker and its child take.

At each size 10,000 more customers are loaded, 10,000 stored ones come again unchanged, and 10,000 come with every tenth
changed; once as neighbours, as a source that is read in order sends them, and once from all over the store.
"""

import argparse
import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from benchmarks.peers import installed
from benchmarks.peers.alone import feed
from benchmarks.peers.model import UnavailableError
from benchmarks.peers.processes import EVERY_S, memory_bytes, proportional_bytes, tree
from benchmarks.peers.server import server
from benchmarks.peers.source import Source
from benchmarks.workload import BATCH, CHANGED_EVERY, KINDS, Row, page
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings
from levada_runtime.store.engine import make_engine
from levada_runtime.store.schema import upgrade
from levada_runtime.store.unit_of_work import Store

KIND, STORES = "customer", ("SQLite", "PostgreSQL")
SIZES = (10_000, 100_000, 1_000_000, 2_000_000)
EACH = 10_000
REPEATS = 9
GOAL, LEAST = 0.10, 0.15
MEMORY_GOAL_MB = 250
SETTLING_S = 6
Served = Iterator[list[Row]]


def measure(words: argparse.Namespace) -> None:
    """Print the cost of a record at each size and how far it strays, then the memory of the processes."""
    sizes = [size for size in SIZES if size <= words.most]
    for name in words.stores or STORES:
        with _fresh(name) as place:
            if place is not None:
                _costs(name, *place, sizes)
    for count in (10_000, 100_000):
        if count <= words.records:
            with tempfile.TemporaryDirectory(prefix="levada-scale-") as folder:
                _memory(Path(folder), count)


@contextmanager
def _fresh(store: str) -> Iterator[tuple[str, Callable[[], None]] | None]:
    """Yield the URL of an empty database and what has it rest; None, and why on the screen, if there is no server."""
    if store == "SQLite":
        with tempfile.TemporaryDirectory(prefix="levada-scale-") as folder:
            yield f"sqlite:///{Path(folder) / 'scale.db'}", os.sync
        return
    try:
        with server() as running:
            database = running.create("scale")
            yield database.url, running.rest
            running.drop(database)
    except UnavailableError as reason:
        print(f"{store}: {reason}")
        yield None


def _costs(name: str, url: str, rest: Callable[[], None], sizes: list[int]) -> None:
    engine = make_engine(url)
    upgrade(engine)
    store = Store(engine)
    phases = _Book().phases()
    costs: dict[str, list[float]] = {name: [] for name in phases}
    print(f"{name}, ingest alone, {EACH} records a phase, least of {REPEATS}: µs of a record (our processor's of it)")
    print(f"{'stored':>10}" + "".join(f"{name:>22}" for name in phases))
    stored = 0
    for size in sizes:
        feed(store, KIND, (page(KIND, number) for number in range(stored // BATCH, size // BATCH)))
        stored, cells = _documents(store), []
        assert stored == size, stored
        time.sleep(SETTLING_S)  # until autovacuum has seen what there is to do
        rest()
        for name, served in phases.items():
            if "scattered" in name and size <= EACH:
                cells.append("all of it")  # What is sent is the whole store, in which nothing lies apart.
                continue
            cpu_us, all_us, stored = _least(store, served, stored)
            costs[name].append(all_us)
            cells.append(f"{all_us:.1f} ({cpu_us:.1f})")
        print(f"{size:10,}" + "".join(f"{cell:>22}" for cell in cells), flush=True)
    store.close()
    for name, each in costs.items():
        print(f"  {name:20} {judged(each)}")


def judged(costs: list[float]) -> str:
    """Say how far the costs stray from one size to the next, and from the first; nothing of less than two."""
    if not costs[1:]:
        return ""
    worst = max(costs) / costs[0] - 1
    steps = ", ".join(f"{after / before - 1:+.1%}" for before, after in pairwise(costs))
    verdict = "met" if worst <= GOAL else "met at the least" if worst <= LEAST else "MISSED"
    return f"from one size to the next {steps}; worst against the first {worst:+.1%} ({verdict})"


class _Book:
    """The customers as they are stored now: some have been changed, some of those more than once."""

    def __init__(self) -> None:
        self._times: Counter[str] = Counter()

    def phases(self) -> dict[str, Callable[[int], Served]]:
        """Return what makes the pages of each phase, for a number of stored customers."""
        return {
            "same, neighbours": lambda stored: map(self._now, neighbours(stored)),
            "same, scattered": lambda stored: map(self._now, scattered(stored)),
            "10 %, neighbours": lambda stored: map(self._changed, neighbours(stored)),
            "10 %, scattered": lambda stored: map(self._changed, scattered(stored)),
            "first load": lambda stored: (page(KIND, stored // BATCH + each) for each in range(EACH // BATCH)),
        }

    def _changed(self, rows: list[Row]) -> list[Row]:
        self._times.update(row[KINDS[KIND].key] for row in rows[::CHANGED_EVERY])
        return self._now(rows)

    def _now(self, rows: list[Row]) -> list[Row]:
        for row in rows:
            for _ in range(self._times[row[KINDS[KIND].key]]):
                KINDS[KIND].change(row)
        return rows


def neighbours(stored: int) -> Served:
    """Return pages from the middle of what is stored, in order."""
    middle = stored // BATCH // 2 - EACH // BATCH // 2
    return (page(KIND, middle + each) for each in range(EACH // BATCH))


def scattered(stored: int) -> Served:
    """Return pages whose records come from places far apart: as many of each of up to a hundred pages."""
    total = stored // BATCH
    several = min(100, total)
    stride = BATCH // (EACH // several)
    taken = [page(KIND, number * total // several)[::stride] for number in range(several)]
    mixed = [rows[place] for place in range(EACH // several) for rows in taken]
    return (mixed[start : start + BATCH] for start in range(0, EACH, BATCH))


def _least(store: Store, served: Callable[[int], Served], stored: int) -> tuple[float, float, int]:
    figures = []
    for _ in range(REPEATS):
        seconds, cpu_s = feed(store, KIND, served(stored))
        figures.append((cpu_s / EACH * 1e6, seconds / EACH * 1e6))
        stored = _documents(store)
    return min(cpu for cpu, _ in figures), min(whole for _, whole in figures), stored


def _documents(store: Store) -> int:
    with store.read() as uow:
        return uow.documents.totals().get(KIND, 0)


def _memory(folder: Path, count: int) -> None:
    with Source(KIND, count) as source:
        environment = installed.connect(folder, source.url, None)
        words = [*installed.RUNTIME, "serve", "--port", "0", "--workers", "1"]
        daemon = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert daemon.stdout is not None
            assert any(line.startswith("API") for line in daemon.stdout), "the daemon did not start"
            resident, shared, processes = _watched(folder, daemon.pid)
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.communicate(timeout=60)
    verdict = "met" if resident / 1e6 <= MEMORY_GOAL_MB else "MISSED"
    print(
        f"daemon, worker and child over a run of {count} records: at most {resident / 1e6:.0f} MB of RSS added up over"
        f" {processes} processes (goal {MEMORY_GOAL_MB} MB: {verdict}), {shared / 1e6:.0f} MB with shared pages once"
    )


def _watched(folder: Path, daemon: int) -> tuple[int, int, int]:
    resident = shared = processes = 0
    with Installation(Settings(data_dir=folder / "data")) as installation:
        connection = installation.connections.get(installation.org, "bench")
        run = installation.queue.by_hand(connection, KIND)
        deadline = time.monotonic() + 300
        while True:
            pids = tree(daemon)
            resident = max(resident, sum(map(memory_bytes, pids)))
            shared = max(shared, sum(map(proportional_bytes, pids)))
            processes = max(processes, len(pids))
            view = installation.run_library.run(installation.org, run.id)
            if view["state"] not in ("queued", "running"):
                break
            assert time.monotonic() < deadline, "the run did not end"
            time.sleep(EVERY_S)
    assert view["state"] == "succeeded", view
    assert view["counts"]["created"], view
    os.sync()
    return resident, shared, processes
