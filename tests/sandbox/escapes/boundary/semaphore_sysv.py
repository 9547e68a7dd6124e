# level: boundary
# category: ipc
# escape proof: SysV semaphores are created

import ctypes

libc = ctypes.CDLL(None)
made = libc.semget(0, 1, 0o1600)
if made >= 0:
    REPORT("semaphores")
    libc.semctl(made, 0, 0)
