# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from levada import Record


class A(Record):
    x: "(lambda: int)()" = 0


leak = A
