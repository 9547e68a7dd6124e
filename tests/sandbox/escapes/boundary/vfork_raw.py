# level: boundary
# category: fork
# escape proof: process is created

import ctypes
import os

r = ctypes.CDLL(None).syscall(56, 17, 0, 0, 0, 0)
if r == 0: os._exit(0)
if r > 0: REPORT("cloned")
