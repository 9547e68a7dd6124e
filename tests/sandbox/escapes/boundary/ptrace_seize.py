# level: boundary
# category: ptrace
# escape proof: the child traces the host

import ctypes

libc = ctypes.CDLL(None)
if libc.ptrace(0x4206, CTX["hostpid"], None, None) == 0:
    REPORT("seized")
