# level: boundary
# category: fork
# escape proof: process is created

import ctypes
import os
import struct

arguments = ctypes.create_string_buffer(struct.pack("11Q", 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0), 88)
pid = ctypes.CDLL(None).syscall(435, arguments, 88)
if pid == 0:
    os._exit(0)
if pid > 0:
    REPORT("cloned")
