"""Where on this machine a host may make memory groups of its own: version 2 of the kernel's hierarchy, or version 1.

Version 2 shares memory out only below a group that holds no process itself. So the place is the host's own group where
that may (the root), else the one above it if that was delegated, as systemd does with `Delegate=memory` and
`DelegateSubgroup=`. No process is ever moved but a child of the sandbox.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MEMORY: Final = "memory"
_DELEGATED: Final = ("user.delegate", "trusted.delegate")


class NoHierarchy(Exception):  # noqa: N818 - it is what it says.
    """No group can be made here; the message says why."""


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """A group below which memory can be shared out, and how its version spells that."""

    version: str
    place: Path

    @property
    def events(self) -> str:
        """The file that counts kills for want of memory."""
        return "memory.events" if self.version == "v2" else "memory.oom_control"

    @property
    def door(self) -> str:
        """The file through which a process with one thread enters a group; version 1 has one that waits for nobody."""
        return "cgroup.procs" if self.version == "v2" else "tasks"

    def share_out(self, group: Path) -> None:
        """Let groups below this one have limits of their own."""
        if self.version == "v2":
            (group / "cgroup.subtree_control").write_text("+memory")

    def limit(self, group: Path, memory_bytes: int) -> None:
        """Bound a group's memory, without swap; a kernel built without swap accounting has no file for it."""
        if self.version == "v2":
            (group / "memory.max").write_text(str(memory_bytes))
            optional = {"memory.swap.max": "0", "memory.oom.group": "1"}
        else:
            (group / "memory.limit_in_bytes").write_text(str(memory_bytes))
            optional = {"memory.memsw.limit_in_bytes": str(memory_bytes)}
        for name, value in optional.items():
            with suppress(OSError):
                _overwrite(group / name, value)


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted hierarchy: which group of it is at the mount point."""

    version: str
    root: str
    point: Path


def find(proc: Path) -> Hierarchy:
    """Return the place for the process that `proc` tells of, or raise NoHierarchy."""
    try:
        mounts = list(_mounts((proc / "mountinfo").read_text()))
        membership = (proc / "cgroup").read_text()
    except OSError as error:
        raise NoHierarchy(f"{error.filename}: {error.strerror}") from None
    reasons = []
    for mount in mounts:
        group = _own_group(mount, membership)
        if group is None:
            continue
        place, reason = _place_v2(group, mount.point) if mount.version == "v2" else _place_v1(group)
        if place is not None:
            return Hierarchy(mount.version, place)
        reasons.append(f"{mount.version}: {reason}")
    raise NoHierarchy("; ".join(reasons) or "no memory controller is mounted")


def _mounts(mountinfo: str) -> Iterator[Mount]:
    """Yield the hierarchies that may hold memory, version 1's first: a controller it has, version 2 has not."""
    found = []
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        kind, _source, options = [*after.split(" ", 2), "", ""][:3]
        root, point = before.split()[3:5]
        if kind == "cgroup" and _MEMORY in options.split(","):
            found.append(Mount("v1", root, Path(point)))
        elif kind == "cgroup2":
            found.append(Mount("v2", root, Path(point)))
    yield from sorted(found, key=lambda mount: mount.version)


def _own_group(mount: Mount, membership: str) -> Path | None:
    """Return the process's own group as this mount shows it; None when it is in none."""
    for line in membership.splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0" if mount.version == "v2" else _MEMORY in controllers.split(","):
            if path != mount.root and not path.startswith(mount.root.rstrip("/") + "/"):
                return mount.point
            return mount.point / path[len(mount.root.rstrip("/")) :].lstrip("/")
    return None


def _place_v1(group: Path) -> tuple[Path | None, str]:
    if not os.access(group, os.W_OK):
        return None, "the host's own group is not writable"
    return group, ""


def _place_v2(group: Path, top: Path) -> tuple[Path | None, str]:
    above = group.parent
    if os.access(group, os.W_OK) and _shares_memory(group):
        return group, ""
    if group == top or not _is_delegated(above):
        return None, "the host's own group holds processes and the one above it is not delegated"
    if not _shares_memory(above):
        return None, "the group above the host's own was delegated without the memory controller"
    return above, ""


def _shares_memory(group: Path) -> bool:
    """Whether groups below this one can have limits of their own, if only we ask for it."""
    if _MEMORY not in _words(group / "cgroup.controllers"):
        return False
    control = group / "cgroup.subtree_control"
    if _MEMORY not in _words(control):
        with suppress(OSError):
            _overwrite(control, "+memory")
    return _MEMORY in _words(control)


def _is_delegated(group: Path) -> bool:
    """Whether this group was given to us: it is an ordinary user's own, or systemd marked it."""
    if not os.access(group, os.W_OK) or not os.access(group / "cgroup.procs", os.W_OK):
        return False
    if os.geteuid() != 0:
        return group.stat().st_uid == os.geteuid()
    marks = []
    for name in _DELEGATED:
        with suppress(OSError):
            marks.append(os.getxattr(group, name))
    return b"1" in marks


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def _overwrite(path: Path, text: str) -> None:
    """Write to a file of the kernel's, which is there or is not; never make one."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
