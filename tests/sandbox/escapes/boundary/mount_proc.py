# level: boundary
# category: privilege
# escape proof: mount succeeds
# root only: only root may mount

import ctypes

r = ctypes.CDLL(None).mount(b"proc", b"/proc", b"proc", 0, 0)
if r == 0: REPORT("mounted")
