# level: boundary
# category: network
# escape proof: a socket is made by its number

import ctypes

fd = ctypes.CDLL(None).syscall(41, 2, 1, 0)
if fd >= 0:
    REPORT(fd)
