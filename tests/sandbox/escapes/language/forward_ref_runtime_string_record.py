# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import Optional

from levada import Record

text = "().__cl" + "ass__"
kind = Optional[text]


class A(Record):
    x: kind


leak = A(x=None)
