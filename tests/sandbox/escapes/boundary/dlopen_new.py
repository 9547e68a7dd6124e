"""Category: ctypes. Escape proof: a shared library that was not loaded is loaded."""

import ctypes


def attack(ctx, report):
    ctypes.CDLL("libnss_files.so.2")
    report("loaded")
