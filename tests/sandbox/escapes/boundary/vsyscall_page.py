# level: boundary
# category: seccomp-bypass
# escape proof: calls through the old page of the kernel
# control: none, because kernels are built without that page

import ctypes

call = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p)(0xFFFFFFFFFF600800)
told = ctypes.c_int(-1)
if call(ctypes.addressof(told)) >= 0:
    REPORT(told.value)
