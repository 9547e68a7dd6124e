# level: boundary
# category: seccomp-bypass
# escape proof: a call that nobody listed executes

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
for number in (39, 110):
    libc.syscall(number)
for number in (63, 102, 99, 160, 131 + 400, 302, 309, 204, 98, 100, 111, 124):
    told = ctypes.create_string_buffer(1024)
    if libc.syscall(number, told, told, told, told) >= 0:
        REPORT(number)
