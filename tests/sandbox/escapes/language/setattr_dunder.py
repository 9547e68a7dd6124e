"""Category: introspection. Escape proof: `leak` is bound to something that is not None."""

class A: pass
setattr(A, "__getattribute__", lambda s, n: 1)
leak = 1
