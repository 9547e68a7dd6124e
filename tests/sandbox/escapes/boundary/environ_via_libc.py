# level: boundary
# category: env
# escape proof: child reports a host environment secret
# control: in host, because the zygote starts with an empty environment whatever the layers

import ctypes

l = ctypes.CDLL(None); l.getenv.restype = ctypes.c_char_p
v = l.getenv(b"HOST_SECRET")
if v: REPORT(v.decode())
