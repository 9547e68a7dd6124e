# level: boundary
# category: privilege
# escape proof: the kernel takes a program
# control: none, because many kernels are built without it or keep it from everybody

import ctypes
import struct

code = ctypes.create_string_buffer(struct.pack("<QQ", 0xB7, 0x95), 16)
licence = ctypes.create_string_buffer(b"GPL")
attributes = ctypes.create_string_buffer(
    struct.pack("<IIQQ", 1, 2, ctypes.addressof(code), ctypes.addressof(licence)).ljust(128, b"\0"), 128
)
fd = ctypes.CDLL(None).syscall(321, 5, attributes, 128)
if fd >= 0:
    REPORT(fd)
