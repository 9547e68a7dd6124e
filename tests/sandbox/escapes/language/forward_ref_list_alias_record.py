# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from levada import Record
s = "[].__cl" + "ass__"
T = list[s]
class A(Record):
    x: T
leak = A.model_fields["x"].annotation
