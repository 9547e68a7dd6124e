# level: boundary
# category: fd-theft
# escape proof: bytes are moved between descriptors without read or write

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
ends = (ctypes.c_int * 2)()
null = 0
moved = [
    libc.syscall(293, ends, 0),  # pipe2
    libc.syscall(276, ends[0], ends[1], 16, 0) if ends[1] else -1,  # tee
    libc.syscall(278, CTX["chan"], None, 0, 0),  # vmsplice
    libc.syscall(40, CTX["chan"], null, None, 16),  # sendfile
    libc.syscall(326, null, None, CTX["chan"], None, 16, 0),  # copy_file_range
]
if moved[0] == 0:
    REPORT(moved)
