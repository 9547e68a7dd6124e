# level: boundary
# category: fork
# escape proof: process is created

import ctypes
import os

libc = ctypes.CDLL(None)
pid = libc.syscall(57)
if pid == 0:
    os._exit(0)
if pid > 0:
    REPORT("forked")
