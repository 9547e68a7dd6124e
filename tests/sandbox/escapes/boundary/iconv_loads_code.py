# level: boundary
# category: exec
# escape proof: libc loads a converter, which is code from disk

import ctypes

libc = ctypes.CDLL(None)
libc.iconv_open.restype = ctypes.c_long
if libc.iconv_open(b"EUC-JP", b"UTF-16") != -1:
    REPORT("loaded")
