# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from levada import Run


class A:
    def go(self):
        return super().__new__(Run)


leak = A().go()
