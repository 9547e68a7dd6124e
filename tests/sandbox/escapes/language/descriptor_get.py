# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class D:
    def __get__(self, instance, owner):
        return owner


class A:
    d = D()


leak = A().d
