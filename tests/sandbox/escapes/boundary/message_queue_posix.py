# level: boundary
# category: ipc
# escape proof: a POSIX message queue is created

import ctypes

name = b"levada-escape"
if ctypes.CDLL(None).syscall(240, name, 0o102, 0o600, None) >= 0:
    REPORT("queue")
    ctypes.CDLL(None).syscall(241, name)
