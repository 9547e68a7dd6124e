# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class A:
    __slots__ = ("__class__",)


a = A()
a.__class__ = int
leak = a.__class__
