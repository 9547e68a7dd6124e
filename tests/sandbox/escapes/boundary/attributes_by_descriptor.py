# level: boundary
# category: file-write
# escape proof: a descriptor that was left lets a file be changed

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
value = b"x"
for descriptor in (0, 1, 2, CTX["chan"]):
    got = [
        libc.syscall(190, descriptor, b"user.x", value, 1, 0),  # fsetxattr
        libc.syscall(73, descriptor, 2),  # flock
        libc.syscall(138, descriptor, ctypes.create_string_buffer(256)),  # fstatfs
        libc.syscall(77, descriptor, 0),  # ftruncate
        libc.syscall(285, descriptor, 0, 0, 4096),  # fallocate
        libc.syscall(74, descriptor),  # fsync
    ]
    if any(one >= 0 for one in got):
        REPORT((descriptor, got))
