# level: boundary
# category: network
# escape proof: the channel's buffers or peers are asked for

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
value = ctypes.create_string_buffer(64)
size = ctypes.c_int(64)
for option in (7, 8, 16, 17, 31, 32, 59, 77):
    if libc.syscall(55, CTX["chan"], 1, option, value, ctypes.byref(size)) == 0:
        REPORT(option)
big = ctypes.c_int(64 << 20)
for option in (7, 8, 32, 33):
    if libc.syscall(54, CTX["chan"], 1, option, ctypes.byref(big), 4) == 0:
        REPORT(-option)
