"""Category: ptrace. Escape proof: the child reports bytes read from the host's memory."""

import ctypes


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def attack(ctx, report):
    libc = ctypes.CDLL(None)
    taken = ctypes.create_string_buffer(8)
    ours, theirs = Vector(ctypes.addressof(taken), 8), Vector(ctx["host_address"], 8)
    if libc.process_vm_readv(ctx["host_pid"], ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0) > 0:
        report(taken.raw)
