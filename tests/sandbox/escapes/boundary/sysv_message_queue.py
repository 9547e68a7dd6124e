# level: boundary
# category: ipc
# escape proof: a message queue of the machine is made

import ctypes

libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
queue = libc.syscall(68, 0, 0o1600)
if queue >= 0:
    libc.syscall(71, queue, 0, None)
    REPORT(queue)
