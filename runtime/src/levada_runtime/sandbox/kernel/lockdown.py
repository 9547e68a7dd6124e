"""What a child takes from itself before the first line of connector code, and what it reports of it: what was applied.

The order is the design's. Each layer is tried and its state kept, never assumed: the level of a run is read off the
states of the very child that ran it.
"""

import ctypes
import math
import os
import resource
import signal
import struct
from collections.abc import Callable, Mapping
from typing import Final

from levada_runtime.sandbox.kernel import landlock, namespaces, seccomp
from levada_runtime.sandbox.kernel.syscalls import (
    PR_CAPBSET_DROP,
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    checked,
    libc,
    prctl,
    supported,
    syscall,
)
from levada_runtime.sandbox.model import Level, Limits

ON: Final = "on"
OFF: Final = "off"
LAYERS: Final = ("namespaces", "uid", "capabilities", "no_new_privs", "dumpable", "rlimits", "landlock", "seccomp")
CHANNEL: Final = 3
_CLOSE_RANGE, _CAPSET = 436, 126
_CAPABILITIES_V3 = 0x20080522
_LAST_DESCRIPTOR = 0xFFFFFFFF
_STACK_BYTES = 8 << 20
_OPEN_FILES = 16
# A range nobody is given by useradd or by container managers; `nobody` where a user namespace does not map it.
_FIRST_RUN_UID, _RUN_UIDS, _NOBODY = 1_900_000_000, 100_000_000, 65_534

States = dict[str, str]


def level_of(states: Mapping[str, str]) -> Level:
    """Return the level that these states amount to."""
    if states.get("rlimits") != ON or states.get("seccomp") != ON or states.get("no_new_privs") != ON:
        return Level.L0
    if not states.get("landlock", "").startswith("abi"):
        return Level.L1
    return Level.L3 if states.get("namespaces", "").endswith("pid") else Level.L2


def detach(channel: int) -> None:
    """Leave the session and every descriptor behind but the channel, which becomes descriptor 3.

    The standard streams are the zygote's, which are /dev/null.
    """
    os.setsid()
    os.dup2(channel, CHANNEL)
    os.set_inheritable(CHANNEL, False)  # noqa: FBT003 - the standard library's own signature.
    if syscall(_CLOSE_RANGE, CHANNEL + 1, _LAST_DESCRIPTOR, 0) < 0:
        os.closerange(CHANNEL + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def join_group(states: States, door: int | None) -> None:
    """Enter the memory group whose door the host opened; 0 stands for whoever writes it."""
    if door is None:
        return
    try:
        os.write(door, b"0")
    except OSError as error:
        states["cgroup"] = f"refused: {error.strerror or error}"


def leave_identity(states: States, run_number: int, without: frozenset[str]) -> None:
    """As root, become a user nobody else is, then die with the zygote; setuid clears that wish, so it comes second."""
    if os.geteuid() == 0:
        _try(states, "uid", without, lambda: _become(run_number))
    else:
        states["uid"] = "ordinary user"
    if supported():
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def lock(states: States, limits: Limits, without: frozenset[str]) -> None:
    """Apply what remains, ending with the system-call filter; nothing can be taken back afterwards."""
    if supported():
        _try(states, "capabilities", without, _drop_capabilities)
        _try(states, "no_new_privs", without, lambda: _set(PR_SET_NO_NEW_PRIVS, 1))
        _try(states, "dumpable", without, lambda: _set(PR_SET_DUMPABLE, 0))
    _try(states, "rlimits", without, lambda: _limit(limits))
    _try(states, "landlock", without, lambda: f"abi {landlock.restrict()}")
    _try(states, "seccomp", without, seccomp.install)


def _try(states: States, layer: str, without: frozenset[str], apply: Callable[[], str | None]) -> None:
    if layer in without:
        states[layer] = OFF
        return
    try:
        states[layer] = apply() or ON
    except OSError as error:
        states[layer] = f"refused: {error.strerror or error}"


def _become(run_number: int) -> str:
    for uid in (_FIRST_RUN_UID + run_number % _RUN_UIDS, _NOBODY):
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        except OSError:
            if uid == _NOBODY:
                raise
        else:
            break
    return f"{uid}{_nested_user_namespace()}"


def _nested_user_namespace() -> str:
    try:
        namespaces.unshare(namespaces.NEWUSER)
    except OSError:
        return ""
    return ", user namespace"


def _set(attribute: int, value: int) -> None:
    prctl(attribute, value)


def _drop_capabilities() -> None:
    capability = 0
    while libc.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) == 0:
        capability += 1
    header = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITIES_V3, 0), 8)
    nothing = ctypes.create_string_buffer(bytes(24), 24)
    checked(syscall(_CAPSET, header, nothing), "capset")


def _limit(limits: Limits) -> None:
    # The host holds processor time; this is for when it cannot. Process 1 of a pid namespace ignores SIGXCPU: with
    # both ends equal the kernel sends SIGKILL, which it cannot.
    seconds = max(1, math.ceil(limits.cpu_s))
    for which, value in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_STACK, _STACK_BYTES),
        (resource.RLIMIT_NPROC, 0),
    ):
        hard = resource.getrlimit(which)[1]
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (ceiling, ceiling))
