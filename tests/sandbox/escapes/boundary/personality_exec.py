# level: boundary
# category: privilege
# escape proof: every readable page becomes executable

import ctypes

if ctypes.CDLL(None).personality(0x0400000) >= 0:
    REPORT("personality")
