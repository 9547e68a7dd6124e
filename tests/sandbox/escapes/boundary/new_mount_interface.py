# level: boundary
# category: privilege
# escape proof: a file system is opened
# root only: only root may

import ctypes

if ctypes.CDLL(None).syscall(430, b"tmpfs", 0) >= 0:
    REPORT("fsopen")
