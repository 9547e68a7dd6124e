# level: boundary
# category: privilege
# escape proof: capabilities are taken back
# root only: only root has any

import ctypes
import struct

libc = ctypes.CDLL(None)
header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0), 8)
some = ctypes.create_string_buffer(struct.pack("6I", 0x21, 0x21, 0, 0, 0, 0), 24)
if libc.syscall(126, header, some) == 0:
    REPORT("may change owners and signal everybody")
