# level: boundary
# category: network
# escape proof: a message carries the credentials of another process, or reaches the host as one

import ctypes
import os
import struct

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long

pair = (ctypes.c_int * 2)()
libc.syscall(53, 1, 1, 0, pair)
body = ctypes.create_string_buffer(b"x")
part = (ctypes.c_void_p * 2)(ctypes.addressof(body), 1)
for pid, uid, gid in ((CTX["hostpid"], 0, 0), (os.getpid(), os.getuid(), os.getgid())):
    control = ctypes.create_string_buffer(
        struct.pack("QiiIII", 28, 1, 2, pid, uid & 0xFFFFFFFF, gid & 0xFFFFFFFF) + bytes(4)
    )
    message = (ctypes.c_void_p * 7)(None, 0, ctypes.addressof(part), 1, ctypes.addressof(control), 32, 0)
    if libc.syscall(46, pair[0] or CTX["chan"], message, 0) > 0:
        REPORT((pid, uid, gid))
