"""Category: annotation-eval. Escape proof: `leak` is bound to something that is not None."""

from typing import Optional

from levada import Record

text = "().__cl" + "ass__"
kind = Optional[text]


class A(Record):
    x: kind


leak = A(x=None)
