# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from collections import ChainMap


class Parts:
    maps = ["Made", (object,), {"__getattribute__": lambda self, name: name}]


class Name(str):
    def copy(self):
        return str(self)


Parts.maps[0] = Name("Made")
leak = ChainMap.copy(Parts)().whatever
