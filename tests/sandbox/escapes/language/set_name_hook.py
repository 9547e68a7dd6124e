# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class D:
    def __set_name__(self, owner, name):
        self.owner = owner


class A:
    d = D()


leak = A.d.owner
