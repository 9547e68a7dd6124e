# level: boundary
# category: signal
# escape proof: a signal is sent as its own death

import ctypes

if ctypes.CDLL(None).prctl(1, 10, 0, 0, 0) == 0:
    REPORT("the wish to die with the zygote is gone")
