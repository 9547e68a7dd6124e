"""Ingest alone (validate, hash, decide, stage, commit a page of 1,000) beside raw SQL that writes the same rows."""

import argparse
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.peers.alone import feed
from benchmarks.peers.model import MEANING, PHASES
from benchmarks.peers.raw import loader
from benchmarks.peers.stopwatch import Stopwatch
from benchmarks.workload import BATCH, pages
from levada_runtime.store.engine import make_engine
from levada_runtime.store.schema import upgrade
from levada_runtime.store.unit_of_work import Store

KIND = "customer"
Figures = tuple[float, float]
"""Seconds, processor seconds"""


def measure(words: argparse.Namespace) -> None:
    """Print first load (A), identical (B) and 10 % changed (C) for both, and the ratio of their CPU."""
    count = words.records
    with tempfile.TemporaryDirectory() as folder:
        ours = _phases(lambda changed: _ours(Path(folder), count, changed))
        raw = _phases(lambda changed: _raw(Path(folder), count, changed))
    print(f"ingest alone, {count} customers, SQLite WAL synchronous=FULL, pages of {BATCH}")
    print(f"{'':18}{'ours rows/s':>14}{'CPU µs':>8}{'raw rows/s':>14}{'CPU µs':>8}{'CPU ratio':>11}")
    for phase, (seconds, cpu_s), (raw_seconds, raw_cpu_s) in zip(PHASES, ours, raw, strict=True):
        rates = f"{count / seconds:14,.0f}{cpu_s / count * 1e6:8.1f}"
        raw_rates = f"{count / raw_seconds:14,.0f}{raw_cpu_s / count * 1e6:8.1f}"
        print(f"{f'{phase} {MEANING[phase]}':18}{rates}{raw_rates}{cpu_s / raw_cpu_s:10.1f}x")
    print(f"peak RSS of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def _phases(load: Callable[[bool], Figures]) -> list[Figures]:
    return [load(phase == "C") for phase in PHASES]


def _ours(folder: Path, count: int, changed: bool) -> Figures:
    engine = make_engine(f"sqlite:///{folder / 'ours.db'}")
    upgrade(engine)
    store = Store(engine)
    figures = feed(store, KIND, pages(KIND, count, changed=changed))
    with store.read() as uow:
        stored = uow.documents.totals()[KIND]
    assert stored == count, stored
    store.close()
    return figures


def _raw(folder: Path, count: int, changed: bool) -> Figures:
    watch = Stopwatch()
    with loader(f"sqlite:///{folder / 'raw.db'}") as load:
        for page in pages(KIND, count, changed=changed):
            load(KIND, page, watch)
    return watch.seconds, watch.cpu_s
