"""Running a pipe of processes to its end, and what the whole tree of them took."""

import ctypes
import os
import resource
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Self

from benchmarks.peers.model import WrongResultError

_SET_CHILD_SUBREAPER = 36
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGESIZE")
EVERY_S = 0.05


def run(
    commands: Sequence[Sequence[str]],
    environment: Mapping[str, str],
    log: Path,
    timeout_s: float,
    beside: Sequence[int] = (),
) -> tuple[float, float, float, str]:
    """Run a pipe and return seconds, processor seconds of all processes, peak of their memory in MB, and its output.

    Where others do the work `beside` it, the memory is theirs.
    Raises WrongResultError when one of them fails.
    """
    known, before = set(children(os.getpid())), _children_cpu_s()
    with _subreaper(), log.open("w+") as heard:
        began = time.perf_counter()
        started = _start(commands, environment, heard.fileno())
        with _Sampler(beside or [one.pid for one in started]) as sampler:
            try:
                said = _ended(started, commands, timeout_s, heard.name)
            except BaseException:
                _kill(started)
                raise
            seconds = time.perf_counter() - began
        _reap(known)
    return seconds, _children_cpu_s() - before, sampler.peak / 1e6, said


def children(pid: int) -> list[int]:
    """Return the living children of a process."""
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                found += [int(child) for child in (thread / "children").read_text().split()]
    return found


def tree(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    for one in found:
        found += children(one)
    return found


def memory_bytes(pid: int) -> int:
    """Return the resident memory of a process; 0 when it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return 0


def proportional_bytes(pid: int) -> int:
    """Return the resident memory of a process with what it shares divided by those who share it; 0 when it ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def cpu_s(pid: int) -> float:
    """Return the processor seconds of a process, of its living descendants, and of those it has waited for."""
    total = 0
    for one in tree(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / _TICK


@contextmanager
def _subreaper() -> Iterator[None]:
    """Have whatever outlives its parent come to this process, so that its time is counted, too."""
    prctl = ctypes.CDLL(None).prctl
    prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


class _Sampler:
    """Looks at the memory of some trees of processes now and then, and keeps the largest sum."""

    def __init__(self, pids: Sequence[int]) -> None:
        self.peak = 0
        self._pids = pids
        self._done = Event()
        self._thread = Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(EVERY_S):
            self.peak = max(self.peak, sum(memory_bytes(one) for pid in self._pids for one in tree(pid)))


def _start(
    commands: Sequence[Sequence[str]], environment: Mapping[str, str], errors: int
) -> list[subprocess.Popen[str]]:
    started: list[subprocess.Popen[str]] = []
    for words in commands:
        before = started[-1].stdout if started else subprocess.DEVNULL
        one = subprocess.Popen(
            words, env=dict(environment), stdin=before, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        if started:
            assert started[-1].stdout is not None
            started[-1].stdout.close()  # so that the first hears of it when the second ends
        started.append(one)
    return started


def _ended(
    started: Sequence[subprocess.Popen[str]], commands: Sequence[Sequence[str]], timeout_s: float, log: str
) -> str:
    try:
        said, _ = started[-1].communicate(timeout=timeout_s)
        for one in started:
            one.wait(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise WrongResultError(f"it took more than {timeout_s:.0f} s") from None
    for one, words in zip(started, commands, strict=True):
        if one.returncode:
            last = "\n".join([*said.splitlines()[-5:], *Path(log).read_text().splitlines()[-15:]])
            raise WrongResultError(f"{Path(words[0]).name} ended with {one.returncode}:\n{last}")
    return said


def _kill(started: Sequence[subprocess.Popen[str]]) -> None:
    for one in started:
        if one.poll() is not None:
            continue  # its number may be another's by now
        for pid in reversed(tree(one.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        one.wait()


def _reap(known: set[int]) -> None:
    """Wait for what was left to this process; what goes on for more than some seconds is ended."""
    deadline = time.monotonic() + 5
    while left := set(children(os.getpid())) - known:
        for pid in left:
            with suppress(ChildProcessError, ProcessLookupError):
                if time.monotonic() > deadline:
                    os.kill(pid, 9)
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
