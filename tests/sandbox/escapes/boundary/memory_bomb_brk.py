# level: boundary
# category: memory
# escape proof: allocation beyond cap succeeds

import ctypes

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
blocks = [libc.malloc(1 << 20) for _ in range(700)]
if all(blocks):
    for block in blocks:
        ctypes.memset(block, 1, 1 << 20)
    REPORT("700 MiB from malloc")
