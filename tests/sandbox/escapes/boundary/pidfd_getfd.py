# level: boundary
# category: fd-theft
# escape proof: a host fd is obtained

import ctypes

libc = ctypes.CDLL(None)
p = libc.syscall(434, CTX["hostpid"], 0)
r = libc.syscall(438, p, 0, 0)
if r >= 0: REPORT("fd")
