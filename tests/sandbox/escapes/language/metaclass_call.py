# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class M(type):
    def __call__(cls, *a):
        return cls


leak = M("X", (), {})
