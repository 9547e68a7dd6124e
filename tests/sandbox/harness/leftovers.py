"""What an attack leaves running or lying about: processes that outlive their child, memory groups that outlive them."""

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from levada_runtime.sandbox.kernel.hierarchy import NoHierarchy, find

_SET_SUBREAPER, _GET_SUBREAPER = 36, 37
_PATIENCE_S, _BURIAL_S = 2.0, 0.5
_libc = ctypes.CDLL(None, use_errno=True)


class Leftovers:
    """A context manager. For its time orphans of the sandbox become children of this process, which ends them.

    `zygotes` tells the process ids of those that may be started meanwhile, because theirs was killed.
    """

    def __init__(self, zygotes: Callable[[], set[int]]) -> None:
        self._zygotes = zygotes

    def __enter__(self) -> Self:
        was = ctypes.c_int()
        _libc.prctl(_GET_SUBREAPER, ctypes.byref(was), 0, 0, 0)
        self._was = was.value
        _libc.prctl(_SET_SUBREAPER, 1, 0, 0, 0)
        self._before = _children()
        self._groups = _groups()
        return self

    def __exit__(self, *_reason: object) -> None:
        until = time.monotonic() + _PATIENCE_S
        while (left := self._new()) and time.monotonic() < until:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)
        _libc.prctl(_SET_SUBREAPER, self._was, 0, 0, 0)

    def left(self) -> list[str]:
        """Return what is there that was not, in words."""
        found = [f"left process {_named(pid)} behind" for pid in self._new()]
        return found + [f"left group {name} behind" for name in sorted(self._groups_left())]

    def _new(self) -> set[int]:
        return _children() - self._before - self._zygotes()

    def _groups_left(self) -> set[str]:
        # The kernel lets a group go only once the last of its dead is buried.
        until = time.monotonic() + _BURIAL_S
        while (left := _groups() - self._groups) and time.monotonic() < until:
            time.sleep(0.01)
        return left


def _children() -> set[int]:
    try:
        tasks = list(Path("/proc/self/task").iterdir())
        return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}
    except OSError:
        return set()


def _named(pid: int) -> str:
    try:
        return f"{pid} {Path(f'/proc/{pid}/comm').read_text().strip()}"
    except OSError:
        return str(pid)


def _groups() -> set[str]:
    """Return the groups of this process's children that exist."""
    try:
        place = find(Path("/proc/self")).place
    except NoHierarchy:
        return set()
    return {path.name for path in place.glob(f"levada-*-{os.getpid()}-*/child-*")}
