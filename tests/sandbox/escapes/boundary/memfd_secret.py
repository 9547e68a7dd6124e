# level: boundary
# category: memory
# escape proof: memory is had that no limit counts

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
for fd in (libc.syscall(447, 0), libc.syscall(319, b"x", 0x0001 | 0x0002)):
    if fd >= 0 and libc.syscall(77, fd, 1 << 20) == 0:
        REPORT(fd)
