"""How many runs may go on at once on one machine; a pure decider, and the figures it decides from.

A run may use all of its memory limit, so runs beyond the memory budget could only end by the kernel's hand; and runs
beyond twice the cores only wait for one another.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RUNS_PER_CORE: Final = 2
SHARE: Final = 0.5
"""The share of the machine's or container's memory that runs may use unless the operator gives a budget: what is left
is for the daemon, its workers, the database's cache and the machine itself."""


@dataclass(frozen=True, slots=True)
class Room:
    """What there is: `cores`, and the memory that all runs together may use."""

    cores: int
    budget_bytes: int


@dataclass(frozen=True, slots=True)
class Decision:
    """How many `workers` start, how many children each may keep for later webhooks, and why no more workers."""

    workers: int
    warm_children: int
    reason: str | None = None

    def line(self, wanted: int) -> str:
        """Return it for an operator who wanted that many workers."""
        return f"{self.workers}" if self.reason is None else f"{self.workers} of {wanted}: {self.reason}"


def decide(wanted: int, room: Room, limit_bytes: int, most_warm: int) -> Decision:
    """Return how many of the `wanted` workers may start; one always may.

    The children that workers keep beside the one at work come out of the same budget.
    """
    by_cores = RUNS_PER_CORE * room.cores
    by_memory = room.budget_bytes // limit_bytes
    workers = max(1, min(wanted, by_cores, by_memory))
    warm = max(0, min(most_warm, by_memory // workers - 1))
    if workers >= wanted:
        return Decision(workers, warm)
    if by_memory < by_cores:
        mebibytes, each = room.budget_bytes >> 20, limit_bytes >> 20
        return Decision(workers, warm, f"{mebibytes} MiB for runs of {each} MiB each allow no more")
    return Decision(workers, warm, f"{room.cores} cores allow no more than {RUNS_PER_CORE} each")


def room_here(budget_mb: int | None) -> Room:
    """Return what this machine, or the container it is, has; `budget_mb` is the operator's word on memory."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    budget = budget_mb << 20 if budget_mb is not None else int(memory_here() * SHARE)
    return Room(cores, budget)


def memory_here(proc: Path = Path("/proc/self"), top: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the bytes of memory that this machine has, or that the group this process is in may use."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_limits(proc, top)])


def _limits(proc: Path, top: Path) -> list[int]:
    """Return the limits of this process's memory groups, up to the one that is mounted."""
    try:
        lines = (proc / "cgroup").read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0":
            place, name = top / path.lstrip("/"), "memory.max"
        elif "memory" in controllers.split(","):
            place, name = top / "memory" / path.lstrip("/"), "memory.limit_in_bytes"
        else:
            continue
        found += [_number(group / name) for group in [place, *place.parents]]
        # A container may see its own group at the mount point, whatever its path is called outside.
        found += [_number(top / name), _number(top / "memory" / name)]
    return [limit for limit in found if limit]


def _number(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0
