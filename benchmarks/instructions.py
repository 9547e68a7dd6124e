"""How many instructions a record takes as the store grows, which does not depend on how busy the machine is.

Valgrind counts what ingest alone executes on SQLite, the database with it. A store of each size is fed two pages, and
then ten, so that what a process takes for itself is in both.
"""

import argparse
import gc
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from benchmarks.peers.alone import feed, feed_drafts
from benchmarks.scale import KIND, SIZES, judged, neighbours, scattered
from benchmarks.workload import BATCH, CHANGED_EVERY, KINDS, Row, as_drafts, page
from levada_runtime.store.engine import make_engine
from levada_runtime.store.schema import upgrade
from levada_runtime.store.unit_of_work import Store

FIRST, LAST = 2, 10
_COUNTED = re.compile(r"Collected : (\d+)")


def measure(words: argparse.Namespace) -> None:
    """Print the instructions of a record of each phase at each size, and how far they stray."""
    if shutil.which("valgrind") is None:
        print("valgrind, which counts instructions, is not installed here")
        return
    sizes = [size for size in SIZES if size <= words.most]
    with tempfile.TemporaryDirectory(prefix="levada-instructions-") as folder:
        stores = list(_grown(Path(folder), sizes))
        print(f"{'instructions of a record':24}" + "".join(f"{size:>12,}" for size in sizes))
        for phase in PHASES:
            # In a store of as many records as are fed nothing lies apart.
            counts = [_of_a_record(store, phase) for store in stores[1 if "scattered" in phase else 0 :]]
            told = "".join(f"{count:12,.0f}" for count in counts).rjust(12 * len(sizes))
            print(f"{phase:24}{told}   {judged(counts)}", flush=True)


def _grown(folder: Path, sizes: list[int]) -> Iterator[Path]:
    """Yield a copy of a growing store at each size."""
    engine = make_engine(f"sqlite:///{folder / 'grown.db'}")
    upgrade(engine)
    store, stored = Store(engine), 0
    for size in sizes:
        feed(store, KIND, (page(KIND, number) for number in range(stored // BATCH, size // BATCH)))
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        yield Path(shutil.copy(folder / "grown.db", folder / f"{size}.db"))
        stored = size
    store.close()


def _of_a_record(store: Path, phase: str) -> float:
    few, many = (_counted(store, phase, pages) for pages in (FIRST, LAST))
    return (many - few) / (LAST - FIRST) / BATCH


def _counted(store: Path, phase: str, pages: int) -> int:
    """Return the instructions of a process that feeds a copy of a store so many pages."""
    copied = shutil.copy(store, store.with_suffix(".fed"))
    words = [sys.executable, "-m", "benchmarks.instructions", str(copied), phase, str(pages), store.stem]
    counter = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    told = subprocess.run([*counter, *words], env={"PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=True)
    found = _COUNTED.search(told.stderr)
    assert found is not None, told.stderr
    return int(found[1])


def _fed(database: str, phase: str, pages: str, stored: str) -> None:
    """Feed a store some pages, which are made ready before; all of them, however few are fed."""
    drafts = [as_drafts(KIND, rows) for rows in islice(PHASES[phase](int(stored)), LAST)]
    store = Store(make_engine(f"sqlite:///{database}"))
    gc.disable()
    feed_drafts(store, KIND, drafts[: int(pages)])
    store.close()


def _first(stored: int) -> Iterator[list[Row]]:
    return (page(KIND, stored // BATCH + each) for each in range(LAST))


def _changed(served: Callable[[int], Iterator[list[Row]]], stored: int) -> Iterator[list[Row]]:
    for rows in served(stored):
        for row in rows[::CHANGED_EVERY]:
            KINDS[KIND].change(row)
        yield rows


PHASES: dict[str, Callable[[int], Iterator[list[Row]]]] = {
    "same, neighbours": neighbours,
    "same, scattered": scattered,
    "10 %, neighbours": lambda stored: _changed(neighbours, stored),
    "10 %, scattered": lambda stored: _changed(scattered, stored),
    "first load": _first,
}


if __name__ == "__main__":
    _fed(*sys.argv[1:])
