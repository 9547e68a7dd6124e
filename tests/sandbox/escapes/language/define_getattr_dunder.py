"""Category: introspection. Escape proof: `leak` is bound to something that is not None."""

class A:
    def __getattr__(self, n): return n
leak = A().x
