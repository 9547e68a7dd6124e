# level: boundary
# category: privilege
# escape proof: keyring access

import ctypes

r = ctypes.CDLL(None).syscall(250, 0, -3, 0)
if r > 0: REPORT("keyring")
