# level: boundary
# category: signal
# escape proof: host receives signal

import ctypes

r = ctypes.CDLL(None).sigqueue(CTX["hostpid"], 10, 0)
if r == 0: REPORT("queued")
