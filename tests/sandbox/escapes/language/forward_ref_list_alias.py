"""Category: annotation-eval. Escape proof: `leak` is bound to something that is not None."""

from levada import Record
s = "[].__cl" + "ass__"
T = list[s]
class A(Record):
    x: T
leak = A.model_fields["x"].annotation
