# level: boundary
# category: memory
# escape proof: memory is locked, or taken from the pool of huge pages

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
libc.mmap.restype = ctypes.c_void_p
libc.mlock.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
place = libc.mmap(None, ctypes.c_size_t(64 << 20), 3, 0x22, -1, ctypes.c_long(0))
if libc.mlock(place, 64 << 20) == 0 or libc.mlockall(3) == 0:
    REPORT("locked")
if libc.mmap(None, ctypes.c_size_t(1 << 20), 3, 0x2022, -1, ctypes.c_long(0)) not in (None, ctypes.c_void_p(-1).value):
    REPORT("mapped locked")
