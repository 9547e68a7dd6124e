# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from levada import Record


class A(Record):
    x: "list[__import__('os').name and int]" = []


leak = A
