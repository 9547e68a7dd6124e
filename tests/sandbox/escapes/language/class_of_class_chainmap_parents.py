# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because from Python 3.13 on a classmethod wraps no property; its twins show what the others do

from collections import ChainMap


class Parts:
    maps = ((), "Made", (object,), {"__getattribute__": lambda self, name: name})
    parents = classmethod(ChainMap.parents)


leak = Parts.parents().whatever
