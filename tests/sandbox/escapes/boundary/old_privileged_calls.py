# level: boundary
# category: privilege
# escape proof: a call that is root's own tells something

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
told = ctypes.create_string_buffer(4096)
got = {
    "kernel log": libc.syscall(103, 3, told, 4096),
    "kernel log size": libc.syscall(103, 10, None, 0),
    "file systems": libc.syscall(139, 3),
    "quota": libc.syscall(179, 0x800001, None, 0, told),
    "port": libc.syscall(173, 0x80, 1, 1),
    "level": libc.syscall(172, 3),
    "cookie": libc.syscall(212, 0, 0, told, 16),
}
if told := {name: number for name, number in got.items() if number >= 0}:
    REPORT(told)
