# level: boundary
# category: cpu
# escape proof: a long call of the kernel's holds the child beyond its time
# cpu: 0.5

import ctypes
import mmap

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long

room = mmap.mmap(-1, 256 << 20)
place = ctypes.addressof(ctypes.c_char.from_buffer(room))
while True:
    libc.syscall(318, ctypes.c_void_p(place), ctypes.c_size_t(256 << 20), 0)
