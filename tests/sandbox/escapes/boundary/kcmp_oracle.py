# level: boundary
# category: fd-theft
# escape proof: descriptors are compared with those of the host

import ctypes
import os

if ctypes.CDLL(None).syscall(312, os.getpid(), CTX["hostpid"], 0, 0, 0) >= 0:
    REPORT("compared")
