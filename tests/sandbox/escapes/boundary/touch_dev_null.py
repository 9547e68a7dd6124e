# level: boundary
# category: file-write
# escape proof: the time stamps of the machine's /dev/null are changed

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
for descriptor in (0, 1, 2):
    if libc.syscall(280, descriptor, None, None, 0) == 0:
        REPORT(descriptor)
