# level: boundary
# category: seccomp-bypass
# escape proof: a filter that allows everything takes the place of the first

import ctypes
import struct

code = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000), 8)


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


program = Program(1, ctypes.cast(code, ctypes.c_void_p))
libc = ctypes.CDLL(None)
libc.prctl(38, 1, 0, 0, 0)
if libc.syscall(317, 1, 0, ctypes.byref(program)) == 0 or libc.prctl(22, 2, ctypes.byref(program)) == 0:
    REPORT("filtered anew")
