# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class A:
    @property
    def x(self):
        return 1


leak = A.x.fget.__globals__
