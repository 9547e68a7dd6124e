# level: language
# category: pickle
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class A:
    def __getstate__(self):
        return {}


leak = A().__getstate__()
