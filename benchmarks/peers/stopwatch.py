"""Timing what goes on within one process, where its start and the making of the records are not to count."""

import sys
import time
from pathlib import Path

from benchmarks.peers.model import Phase, Work
from levada_runtime.foundation.collector import look_seldom

ROOT = Path(__file__).parents[2]


class Stopwatch:
    """Adds up the seconds and processor seconds of what it is held over."""

    def __init__(self) -> None:
        self.seconds = self.cpu_s = 0.0
        self._began = self._cpu = 0.0
        look_seldom()  # As the processes do that carry out runs.

    def __enter__(self) -> None:
        self._began, self._cpu = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._began
        self.cpu_s += time.process_time() - self._cpu


def alone(what: str, url: str, phase: Phase) -> Work:
    """Return the process that feeds pages straight into a store and says what that took."""
    words = [sys.executable, "-m", "benchmarks.peers.alone", what, url, phase]
    return Work([words], {"PYTHONPATH": str(ROOT)}, says_cost=True)
