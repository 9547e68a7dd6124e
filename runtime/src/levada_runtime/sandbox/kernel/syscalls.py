"""The few kernel calls the standard library does not offer, by ctypes: no package is needed for them."""

import ctypes
import os
import platform
import sys

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38

libc = ctypes.CDLL(None, use_errno=True)


def supported() -> bool:
    """Whether the numbers below are those of this machine: they have been run on x86_64 Linux and nowhere else."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def checked(result: int, what: str) -> int:
    """Return the result of a libc call, or raise the OSError that its errno names."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(number: int, *arguments: object) -> int:
    """Make a raw system call; plain integers are widened to a register, so that none is cut to 32 bits."""
    wide = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return int(libc.syscall(ctypes.c_long(number), *wide))


def prctl(option: int, value: int = 0) -> int:
    """Set one attribute of this process, or raise OSError."""
    rest = [ctypes.c_ulong(0)] * 3
    return checked(libc.prctl(option, ctypes.c_ulong(value), *rest), f"prctl({option})")
