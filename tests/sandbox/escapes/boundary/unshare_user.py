"""Category: privilege. Escape proof: the child enters a user namespace in which it is root."""

import ctypes


def attack(ctx, report):
    if ctypes.CDLL(None).unshare(0x10000000) == 0:
        report("root of a new user namespace")
