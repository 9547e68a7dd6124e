"""Category: fork. Escape proof: process is created."""

import os


def attack(ctx, report):
    import ctypes
    r = ctypes.CDLL(None).syscall(56, 17, 0, 0, 0, 0)
    if r == 0: os._exit(0)
    if r > 0: report("cloned")
