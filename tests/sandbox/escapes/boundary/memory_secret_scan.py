"""Category: env. Escape proof: the child's memory holds a secret of the host (the zygote inherited its heap)."""

import gc

CONTROL_IN_HOST = "the zygote is exec'd, so that it inherits no heap whatever the layers"


def attack(ctx, report):
    needle = bytes(number - 1 for number in b"i1tu.t4dsfu").decode()
    for thing in gc.get_objects():
        if type(thing) is dict and any(type(value) is str and value.startswith(needle) for value in list(thing.values())):
            report("found")
            return
