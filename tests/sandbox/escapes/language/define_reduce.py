"""Category: introspection. Escape proof: `leak` is bound to something that is not None."""

class A:
    def __reduce__(self): return (print, ("x",))
leak = A
