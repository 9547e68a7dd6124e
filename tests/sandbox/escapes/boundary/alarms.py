# level: boundary
# category: signal
# escape proof: a clock of the kernel's sends signals later

import ctypes
import struct

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long

timer = ctypes.c_int()
event = ctypes.create_string_buffer(struct.pack("Piii", 0, 10, 4, CTX["hostpid"]) + bytes(48))
got = [
    libc.syscall(37, 30),
    libc.syscall(38, 0, struct.pack("qqqq", 0, 0, 30, 0), None),
    libc.syscall(222, 1, event, ctypes.byref(timer)),
    libc.syscall(222, 1, None, ctypes.byref(timer)),
]
if any(one >= 0 for one in got):
    REPORT(got)
