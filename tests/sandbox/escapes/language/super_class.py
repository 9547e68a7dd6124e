# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class A:
    def f(self):
        return super().__getattribute__("__class__")


leak = A().f()
