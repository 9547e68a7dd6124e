# level: boundary
# category: ptrace
# escape proof: the memory of another process is pushed out or reaped

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long

pidfd = libc.syscall(434, CTX["hostpid"], 0)
if pidfd >= 0:
    REPORT((pidfd, libc.syscall(440, pidfd, None, 0, 21, 0), libc.syscall(448, pidfd, 0)))
