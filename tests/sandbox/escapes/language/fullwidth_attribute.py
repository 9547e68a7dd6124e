# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class A:
    pass


leak = A.__ｃlass__
