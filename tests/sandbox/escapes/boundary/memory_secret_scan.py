# level: boundary
# category: env
# escape proof: child memory holds the host secret (zygote inherited heap)
# control: in host, because the zygote is exec'd, so that it inherits no heap whatever the layers

import gc

needle = bytes([104, 48, 115, 116, 45, 115, 51]).decode()
hits = [type(o).__name__ for o in gc.get_objects() if isinstance(o, dict) and o is not globals() and any(needle in str(v) for v in list(o.values())[:50] if isinstance(v, str))]
if hits: REPORT(hits)
