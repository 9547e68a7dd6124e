# level: boundary
# category: privilege
# escape proof: dumpable is set back

import ctypes

r = ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
if r == 0: REPORT("dumpable")
