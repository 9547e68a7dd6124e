# level: boundary
# category: cpu
# escape proof: every processor of the machine is interrupted for ever
# wall: 0.7

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
libc.syscall(324, 16, 0, 0)
while True:
    libc.syscall(324, 8, 0, 0)
    libc.syscall(324, 1, 0, 0)
