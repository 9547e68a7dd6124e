# level: boundary
# category: ctypes
# escape proof: executable anonymous memory is mapped

import ctypes

libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_long
if libc.mmap(None, 4096, 7, 0x22, -1, 0) != -1:
    REPORT("rwx")
