# level: boundary
# category: file-read
# escape proof: statx tells of a file

import ctypes

told = ctypes.create_string_buffer(256)
if ctypes.CDLL(None).syscall(332, -100, b"/etc/passwd", 0, 0x7FF, told) == 0:
    REPORT("told")
