# level: boundary
# category: ctypes
# escape proof: a shared library that was not loaded is loaded

import ctypes

ctypes.CDLL("libnss_files.so.2")
REPORT("loaded")
