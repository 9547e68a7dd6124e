# level: boundary
# category: privilege
# escape proof: a performance counter is opened
# control: none, because virtual machines and careful kernels have none

import ctypes
import struct

attributes = ctypes.create_string_buffer(struct.pack("IIQ", 1, 112, 0).ljust(112, b"\0"), 112)
if ctypes.CDLL(None).syscall(298, attributes, 0, -1, -1, 0) >= 0:
    REPORT("counter")
