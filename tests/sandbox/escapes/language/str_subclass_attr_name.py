# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class S(str):
    def startswith(self, *a): return False
    def __getitem__(self, i): return "x"
leak = getattr((), S("__class__"))
