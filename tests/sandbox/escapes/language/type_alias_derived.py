# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class Meta(type[int]):
    pass


leak = Meta("X", (), {"__getattr__": lambda self, name: name})
