"""Category: privilege. Escape proof: mount succeeds."""

import ctypes

NO_CONTROL = "with the layers off it would cover the directory on the machine that runs the tests"


def attack(ctx, report):
    if ctypes.CDLL(None).mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0:
        report("mounted")
