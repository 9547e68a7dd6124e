# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class A:
    def __del__(self):
        global leak
        leak = 1


A()
