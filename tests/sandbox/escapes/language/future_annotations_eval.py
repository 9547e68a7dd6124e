"""Category: annotation-eval. Escape proof: `leak` is bound to something that is not None."""

from __future__ import annotations

from levada import Record


class A(Record):
    x: ().__class__


leak = A
