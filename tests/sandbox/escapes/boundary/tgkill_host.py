# level: boundary
# category: signal
# escape proof: host receives SIGUSR2

import ctypes

if ctypes.CDLL(None).syscall(234, CTX["hostpid"], CTX["hostpid"], 12) == 0:
    REPORT("signalled")
