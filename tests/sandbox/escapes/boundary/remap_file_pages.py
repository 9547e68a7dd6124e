# level: boundary
# category: ctypes
# escape proof: read implies exec

import ctypes

libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_long
libc.personality(0x0400000)
if libc.mmap(None, 4096, 4, 0x22, -1, 0) != -1:
    REPORT("executable")
