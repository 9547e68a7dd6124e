# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from levada import Record


class A(Record):
    x: "int if (lambda: 1)() else str" = 0


leak = A
