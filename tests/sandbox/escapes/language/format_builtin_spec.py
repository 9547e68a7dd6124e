# level: language
# category: format-string
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class A:
    def __format__(self, spec):
        return spec


leak = format(A(), "x")
