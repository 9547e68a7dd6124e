# level: boundary
# category: file-write
# escape proof: the file at $ESCAPE_PROOF exists after the run

import ctypes

libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
if not libc.fopen(CTX["proof"].encode(), b"w"):
    libc.creat(CTX["proof"].encode(), 0o600)
