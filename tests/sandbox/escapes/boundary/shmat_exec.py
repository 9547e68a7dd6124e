# level: boundary
# category: ctypes
# escape proof: executable memory comes from a segment

import ctypes

libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_long
segment = libc.shmget(0, 4096, 0o1700)
if segment >= 0 and libc.shmat(segment, None, 0o100000) != -1:
    REPORT("executable")
if segment >= 0:
    libc.shmctl(segment, 0, None)
