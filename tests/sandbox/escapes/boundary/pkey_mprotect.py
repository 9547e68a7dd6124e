# level: boundary
# category: ctypes
# escape proof: memory becomes executable by the other call

import ctypes

libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
page = libc.mmap(None, 4096, 3, 0x22, -1, 0)
if libc.syscall(329, ctypes.c_void_p(page), 4096, 7, -1) == 0:
    REPORT("rwx")
