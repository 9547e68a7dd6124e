"""Namespaces: the zygote leaves network, mounts and names behind once; each child gets process ids of its own.

Entered once for the zygote because a fresh network namespace per run costs milliseconds to tear down and buys nothing:
no child can make a socket or outlive its run. The root directory is an empty read-only tmpfs from then on.
"""

import ctypes
import os
import signal
from pathlib import Path
from typing import Final

from levada_runtime.sandbox.kernel.syscalls import checked, libc, syscall

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
NAMES: Final = "mnt net ipc uts cgroup"
_CLONE, _PIVOT_ROOT = 56, 155
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 1, 2, 4, 8, 0x4000, 0x40000
_DETACH = 2
_MOUNT_POINTS = ("/tmp", "/run", "/mnt", "/proc")  # noqa: S108 - covered by an empty mount in a private namespace, never written.


def enter() -> str:
    """Move this process into namespaces of its own with an empty root, and say which; raise OSError when refused.

    Call it when everything this process will ever need has been loaded.
    """
    user, group = os.geteuid(), os.getegid()
    own_user_namespace = NEWUSER if user != 0 else 0
    unshare(NEWNS | NEWNET | NEWIPC | NEWUTS | NEWCGROUP | own_user_namespace)
    if own_user_namespace:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _empty_root()
    return NAMES


def unshare(flags: int) -> None:
    checked(libc.unshare(flags), "unshare")


def fork() -> int:
    """Fork like `os.fork`, with the child as process 1 of a process-id namespace of its own."""
    interpreter = ctypes.pythonapi
    interpreter.PyOS_BeforeFork()
    pid = syscall(_CLONE, NEWPID | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        interpreter.PyOS_AfterFork_Child()
        return 0
    number = ctypes.get_errno()
    interpreter.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(number, f"clone: {os.strerror(number)}")
    return pid


def _empty_root() -> None:
    checked(libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None), "mount private")
    place = next(path for path in _MOUNT_POINTS if Path(path).is_dir())
    options = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    checked(libc.mount(b"none", place.encode(), b"tmpfs", options | _MS_RDONLY, b"size=4k"), "mount tmpfs")
    os.chdir(place)
    checked(syscall(_PIVOT_ROOT, b".", b"."), "pivot_root")
    checked(libc.umount2(b".", _DETACH), "umount")
    os.chdir("/")
