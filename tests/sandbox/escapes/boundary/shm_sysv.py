# level: boundary
# category: ipc
# escape proof: SysV shared memory segment is created

import ctypes

libc = ctypes.CDLL(None)
segment = libc.shmget(0x1234, 4096, 0o1666)
if segment >= 0:
    REPORT("shm")
    libc.shmctl(segment, 0, None)
