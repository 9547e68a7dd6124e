"""A memory group of the kernel's for each child, where the host may make one.

RLIMIT_AS bounds what a child maps, which is what gives connector code a MemoryError it can be told about; the group
bounds what is kept in memory for it, the kernel's own included, and says whether it was killed for that. The host
makes it and opens its door; the child, which could reach no file system if it wanted to, walks in through the open
descriptor before it does anything else. Were the host to put it there, each start would wait some ten milliseconds for
the kernel to see every other process standing still; whoever moves itself need not.

Groups lie below the host's own, one per sandbox and one per child in it. Those of a host that died are swept by the
next one that starts beside them.
"""

import itertools
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from levada_runtime.sandbox.kernel.hierarchy import Hierarchy, NoHierarchy, find

LAYER: Final = "cgroup"
SLACK_BYTES: Final = 32 << 20
"""Above RLIMIT_AS, so that a child meets that one first and can still say that its memory ran out."""
_PREFIX: Final = "levada"
_CLOSE_S, _PAUSE_S = 1.0, 0.005
_numbers = itertools.count(1)


class Group:
    """The group of one child; whoever writes to its `door` is in it."""

    def __init__(self, place: Path, hierarchy: Hierarchy) -> None:
        self._place = place
        self._hierarchy = hierarchy
        self.door = os.open(place / hierarchy.door, os.O_WRONLY | os.O_CLOEXEC)

    def shut(self) -> None:
        """Close the door once the child has been given it."""
        if self.door >= 0:
            os.close(self.door)
            self.door = -1

    @property
    def oom_kills(self) -> int:
        """How many processes of this group the kernel has killed for want of memory."""
        with suppress(OSError):
            for line in (self._place / self._hierarchy.events).read_text().splitlines():
                name, _, count = line.partition(" ")
                if name == "oom_kill":
                    return int(count)
        return 0

    def close(self) -> None:
        """Remove it; one whose process is still dying is removed with the sandbox's."""
        self.shut()
        with suppress(OSError):
            self._place.rmdir()


class Groups:
    """The groups of one sandbox. Nothing here fails a call: `state` says what there is, or why there is nothing."""

    def __init__(self, hierarchy: Hierarchy | None, state: str) -> None:
        self._hierarchy = hierarchy
        self._place: Path | None = None
        self._made = itertools.count(1)
        self.state = state
        if hierarchy is not None:
            _sweep(hierarchy.place)
            self._place = hierarchy.place / f"{_PREFIX}-{_owner(os.getpid())}-{next(_numbers)}"

    @classmethod
    def found(cls, *, wanted: bool = True, proc: Path = Path("/proc/self")) -> Self:
        """Return the groups of a new sandbox, with what this machine and this user's rights offer."""
        if not wanted:
            return cls(None, "off")
        try:
            hierarchy = find(proc)
        except NoHierarchy as none:
            return cls(None, f"none: {none}")
        return cls(hierarchy, hierarchy.version)

    def make(self, memory_bytes: int) -> Group | None:
        """Make a group for a child with that much memory; None where there can be none, and `state` says why."""
        if self._place is None or self._hierarchy is None:
            return None
        place = self._place / f"child-{next(self._made)}"
        try:
            self._add(place)
            self._hierarchy.limit(place, memory_bytes + SLACK_BYTES)
            group = Group(place, self._hierarchy)
        except OSError as error:
            self.state = f"none: {error.strerror or error}"
            with suppress(OSError):
                place.rmdir()
            return None
        self.state = self._hierarchy.version
        return group

    def close(self) -> None:
        """Remove every group of this sandbox, once its children are dead or dying."""
        if self._place is not None:
            _remove(self._place)

    def _add(self, place: Path) -> None:
        assert self._hierarchy is not None
        if not place.parent.is_dir():
            place.parent.mkdir()
            self._hierarchy.share_out(place.parent)
        place.mkdir()


def _remove(place: Path) -> None:
    until = time.monotonic() + _CLOSE_S
    while place.is_dir():
        for group in [*_below(place), place]:
            _end_all(group)
            with suppress(OSError):
                group.rmdir()
        if time.monotonic() > until:
            return
        time.sleep(_PAUSE_S)


def _end_all(group: Path) -> None:
    # Only children of this sandbox were ever put here.
    with suppress(OSError):
        for pid in (group / "cgroup.procs").read_text().split():
            os.kill(int(pid), signal.SIGKILL)


def _below(place: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from [path for path in place.iterdir() if path.is_dir()]


def _sweep(place: Path) -> None:
    for path in _below(place):
        name, _, owner = path.name.partition("-")
        if name == _PREFIX and _is_left_behind(owner.rpartition("-")[0]):
            for group in [*_below(path), path]:
                with suppress(OSError):
                    group.rmdir()


def _is_left_behind(owner: str) -> bool:
    """Whether the owner was a process of our own pid namespace and is no more; of other namespaces nothing is known."""
    namespace, _, rest = owner.partition("-")
    pid = rest.partition("-")[0]
    return namespace == _pid_namespace() and pid.isdigit() and _owner(int(pid)) != owner


def _owner(pid: int) -> str:
    """Return a name that no other process of this machine ever has: its pid namespace, number and start."""
    try:
        started = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        started = "gone"
    return f"{_pid_namespace()}-{pid}-{started}"


def _pid_namespace() -> str:
    return str(Path("/proc/self/ns/pid").stat().st_ino)
