# level: boundary
# category: network
# escape proof: io_uring instance is created

import ctypes

b = ctypes.create_string_buffer(256)
r = ctypes.CDLL(None).syscall(425, 4, b)
if r >= 0: REPORT("uring")
