# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import BaseModel
s = "[].__cl" + "ass__"
T = list[s]
class A(BaseModel):
    x: T
leak = A.model_fields["x"].annotation
