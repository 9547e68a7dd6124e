"""Who holds a piece of work, and whether that process is known to be dead.

An owner is a process on this machine since its boot, so a pid that was given out again is not mistaken for the old one.
"""

import os
import socket
from functools import cache
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PIDS = Path("/proc/self/ns/pid")
_START_TIME_FIELD = 19


def this_process() -> str:
    """Return the owner that this process is."""
    return f"{_machine()}/{os.getpid()}/{_started(os.getpid())}"


def is_dead(owner: str) -> bool:
    """Tell whether an owner is known to be dead; one on another machine never is, its lease must run out."""
    machine, pid, started = owner.rsplit("/", 2)
    return machine == _machine() and _started(int(pid)) != started


@cache
def _machine() -> str:
    """Return what pids are counted in: this machine since its boot, or one container on it."""
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else "-"
    pids = _PIDS.readlink().name if _PIDS.is_symlink() else "-"
    return f"{socket.gethostname()}/{boot}/{pids}"


def _started(pid: int) -> str:
    """Return when a process started, in clock ticks since boot; "" when there is none, or only its remains."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "" if not _runs(pid) else "-"
    state, *fields = stat.rpartition(") ")[2].split()
    return "" if state in "ZX" else fields[_START_TIME_FIELD - 1]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
