# level: boundary
# category: seccomp-bypass
# escape proof: a 32-bit system call executes
# control: none, because kernels may be built without 32-bit calls

import ctypes
import mmap

page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(b"\x53\xb8\x14\0\0\0\xcd\x80\x5b\xc3")
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
if ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0:
    REPORT("a 32-bit getpid")
