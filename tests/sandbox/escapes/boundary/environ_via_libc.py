"""Category: env. Escape proof: the child reports a secret of the host's environment."""

import ctypes

CONTROL_IN_HOST = "the zygote starts with an empty environment whatever the layers"


def attack(ctx, report):
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_char_p
    value = libc.getenv(b"HOST_SECRET")
    if value:
        report(value.decode())
