# level: boundary
# category: privilege
# escape proof: page faults are handled in user space
# control: none, because many kernels are built without it

import ctypes

if ctypes.CDLL(None).syscall(323, 1) >= 0:
    REPORT("userfaultfd")
