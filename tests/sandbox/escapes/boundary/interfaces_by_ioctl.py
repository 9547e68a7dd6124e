# level: boundary
# category: network
# escape proof: the network interfaces of the machine are listed through the channel

import ctypes
import struct

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long

names = ctypes.create_string_buffer(4096)
ask = ctypes.create_string_buffer(struct.pack("iiP", 4096, 0, ctypes.addressof(names)))
if libc.ioctl(CTX["chan"], 0x8912, ask) == 0:
    REPORT(names.raw[:32])
