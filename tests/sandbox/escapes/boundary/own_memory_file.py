# level: boundary
# category: proc
# escape proof: code is written over through the memory file of the process

import ctypes
import os

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long

fd = os.open("/proc/self/mem", os.O_RDWR)
place = ctypes.cast(libc.gnu_get_libc_version, ctypes.c_void_p).value
before = os.pread(fd, 1, place)
os.pwrite(fd, before, place)
REPORT(hex(place))
