# level: boundary
# category: fork
# escape proof: a process is made whose parent is the zygote

import ctypes
import os

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long

for flags in (0x8000 | 17, 0x8000):
    pid = libc.syscall(56, flags, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    if pid > 0:
        REPORT(pid)
