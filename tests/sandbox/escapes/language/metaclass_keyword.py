# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class M(type):
    pass


class A(metaclass=M):
    pass


leak = A
