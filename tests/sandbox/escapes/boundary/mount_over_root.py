# level: boundary
# category: privilege
# escape proof: mount succeeds
# root only: only root may mount

import ctypes

if ctypes.CDLL(None).mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0:
    REPORT("mounted")
