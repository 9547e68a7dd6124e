# level: boundary
# category: privilege
# escape proof: the child enters a user namespace in which it is root

import ctypes

if ctypes.CDLL(None).unshare(0x10000000) == 0:
    REPORT("root of a new user namespace")
