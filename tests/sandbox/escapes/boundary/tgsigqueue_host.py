# level: boundary
# category: signal
# escape proof: the host gets a signal with a value

import ctypes
import struct

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long

info = ctypes.create_string_buffer(struct.pack("iiiiii", 10, 0, -1, 0, 1, 0) + bytes(104))
host = CTX["hostpid"]
for number, arguments in (
    (297, (host, host, 10, info)),
    (129, (host, 10, info)),
    (200, (host, 10)),
    (234, (host, host, 10)),
):
    if libc.syscall(number, *arguments) == 0:
        REPORT(number)
