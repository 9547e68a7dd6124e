# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class A:
    def __init_subclass__(cls, **k):
        cls.seen = k


class B(A, x=1):
    pass


leak = B.seen
