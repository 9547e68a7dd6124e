# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from __future__ import annotations

from levada import Record


class A(Record):
    x: __import__("os").name.__class__ = ""


leak = A()
