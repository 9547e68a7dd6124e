# level: boundary
# category: ctypes
# escape proof: a shared library that was not loaded is loaded

import ctypes

ctypes.CDLL("libcrypt.so.1"); REPORT("dlopened")
