# level: language
# category: pickle
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class A:
    def __reduce_ex__(self, protocol):
        return (print, ("x",))


leak = A().__reduce_ex__(4)
