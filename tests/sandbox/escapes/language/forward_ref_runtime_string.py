# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import Optional

from pydantic import BaseModel

s = "().__cl" + "ass__"
T = Optional[s]


class A(BaseModel):
    x: T


A.model_rebuild()
leak = A
