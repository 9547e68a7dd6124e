# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class D:
    def __set__(self, instance, value):
        self.got = value


class A:
    d = D()


a = A()
a.d = 1
leak = 1
