# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from levada import Run


class A:
    def make(self):
        return super().__new__


make = A().make()
leak = make(Run)
