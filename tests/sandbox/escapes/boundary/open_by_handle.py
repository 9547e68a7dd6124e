# level: boundary
# category: file-read
# escape proof: the child opens a file by its handle

import ctypes
import struct

libc = ctypes.CDLL(None)
handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 136)
mount = ctypes.c_int()
if libc.syscall(303, -100, b"/etc", handle, ctypes.byref(mount), 0) == 0:
    REPORT("a handle of /etc")
libc.syscall(304, -100, handle, 0)
