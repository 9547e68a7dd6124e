# level: language
# category: guard-shadowing
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class A:
    def f(self):
        __class__ = int
        return __class__


leak = A().f()
