# level: boundary
# category: privilege
# escape proof: the limits of the host can be read

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
limits = (ctypes.c_uint64 * 2)()
if libc.syscall(302, CTX["hostpid"], 7, None, limits) == 0:
    REPORT(list(limits))
