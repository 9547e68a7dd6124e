# level: boundary
# category: env
# escape proof: the stack of the child holds the environment of the host
# control: in host, because the zygote starts with an empty environment whatever the layers

import ctypes

libc = ctypes.CDLL(None)
libc.getauxval.restype = ctypes.c_ulong
top = libc.getauxval(31)
if b"HOST_SECRET" in ctypes.string_at(top - 16384, 16384):
    REPORT("found")
