"""Category: annotation-eval. Escape proof: `leak` is bound to something that is not None."""

from levada import Record


class A(Record):
    x: "().__class__"


leak = A
