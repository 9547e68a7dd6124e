# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class M(type):
    def __instancecheck__(cls, x):
        return True


leak = M
