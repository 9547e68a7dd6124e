"""Category: introspection. Escape proof: `leak` is bound to something that is not None."""

class A:
    __match_args__ = ("__class__",)
match A():
    case A(c):
        leak = c
