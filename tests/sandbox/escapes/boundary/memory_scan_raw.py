# level: boundary
# category: env
# escape proof: child memory holds the host secret
# control: in host, because the zygote is exec'd, so that it inherits no heap whatever the layers

import ctypes
import gc

gc.unfreeze()
needle = bytes(number - 1 for number in b"i1tu.t4dsfu")
seen = 0
for thing in gc.get_objects():
    for each in gc.get_referents(thing) if type(thing) in (dict, list, tuple) else ():
        if each is not needle and type(each) in (str, bytes) and 8 <= len(each) < 200:
            seen += 1
            raw = ctypes.string_at(id(each), each.__sizeof__())
            if needle in raw:
                REPORT("found")
                raise SystemExit
