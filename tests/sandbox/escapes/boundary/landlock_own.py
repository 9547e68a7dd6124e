# level: boundary
# category: privilege
# escape proof: the child asks what Landlock offers
# control: none, because older kernels are without it

import ctypes

if ctypes.CDLL(None).syscall(444, None, 0, 1) > 0:
    REPORT("landlock")
