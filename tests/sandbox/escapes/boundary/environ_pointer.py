# level: boundary
# category: env
# escape proof: child reports a host environment secret
# control: in host, because the zygote starts with an empty environment whatever the layers

import ctypes

pointers = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
number = 0
while pointers and pointers[number]:
    if pointers[number].startswith(b"HOST_SECRET"):
        REPORT(pointers[number])
    number += 1
