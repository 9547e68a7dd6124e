# level: boundary
# category: file-read
# escape proof: a path is turned into a handle, which tells that it is there

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
handle = ctypes.create_string_buffer(bytes([128, 0, 0, 0]) + bytes(132))
mount = ctypes.c_int()
if libc.syscall(303, -100, b"/etc/passwd", handle, ctypes.byref(mount), 0) == 0:
    REPORT(mount.value)
