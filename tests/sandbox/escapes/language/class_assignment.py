# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class A:
    pass


class B:
    pass


a = A()
a.__class__ = B
leak = 1
