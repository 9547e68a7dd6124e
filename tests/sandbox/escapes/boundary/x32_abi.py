# level: boundary
# category: seccomp-bypass
# escape proof: x32 syscall executes
# control: none, because most kernels are built without x32

import ctypes

r = ctypes.CDLL(None).syscall(0x40000000 + 39)
if r > 0: REPORT("x32 getpid")
