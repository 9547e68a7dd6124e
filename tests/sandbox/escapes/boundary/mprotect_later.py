# level: boundary
# category: ctypes
# escape proof: memory becomes executable after it was written

import ctypes

libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
page = libc.mmap(None, 4096, 3, 0x22, -1, 0)
ctypes.memmove(page, b"\xb8\x2a\0\0\0\xc3", 6)
if libc.mprotect(ctypes.c_void_p(page), 4096, 5) == 0:
    REPORT(ctypes.CFUNCTYPE(ctypes.c_int)(page)())
