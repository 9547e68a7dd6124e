# level: boundary
# category: env
# escape proof: child memory holds the host secret
# control: in host, because the zygote is exec'd, so that it inherits no heap whatever the layers

import gc

gc.unfreeze()
needle = bytes(number - 1 for number in b"i1tu.t4dsfu").decode()
for thing in gc.get_objects():
    if type(thing) is dict and thing is not globals():
        if any(type(value) is str and value.startswith(needle) for value in list(thing.values())):
            REPORT("found")
            break
