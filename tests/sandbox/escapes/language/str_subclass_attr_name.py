"""Category: introspection. Escape proof: `leak` is bound to something that is not None."""

class S(str):
    def startswith(self, *a): return False
    def __getitem__(self, i): return "x"
leak = getattr((), S("__class__"))
