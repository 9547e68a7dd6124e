# level: boundary
# category: ptrace
# escape proof: process_vm_readv returns more than 0

import ctypes


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


taken = ctypes.create_string_buffer(8)
ours, theirs = Vector(ctypes.addressof(taken), 8), Vector(CTX["host_address"], 8)
if ctypes.CDLL(None).process_vm_readv(CTX["hostpid"], ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0) > 0:
    REPORT(taken.raw)
