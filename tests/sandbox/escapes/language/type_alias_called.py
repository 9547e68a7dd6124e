# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

leak = type[int]("X", (), {"__getattr__": lambda self, name: name})
