# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from collections import ChainMap


class Parts:
    maps = ((object,), {"__getattribute__": lambda self, name: name})


leak = ChainMap.new_child(Parts, "Made")().whatever
