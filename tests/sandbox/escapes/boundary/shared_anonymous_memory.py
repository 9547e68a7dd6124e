# level: boundary
# category: memory
# escape proof: shared memory is not counted

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
libc.mmap.restype = ctypes.c_void_p
held = 0
while True:
    place = libc.mmap(None, ctypes.c_size_t(16 << 20), 3, 0x21, -1, ctypes.c_long(0))
    if place in (None, ctypes.c_void_p(-1).value):
        break
    ctypes.memset(place, 1, 16 << 20)
    held += 16
    if held > 600:
        REPORT(held)
        break
