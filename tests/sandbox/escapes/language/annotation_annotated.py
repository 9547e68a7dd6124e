# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import Annotated
from levada import Record

T = Annotated["().__cl" + "ass__", 1]


class A(Record):
    x: T = ()


leak = A(x=())
