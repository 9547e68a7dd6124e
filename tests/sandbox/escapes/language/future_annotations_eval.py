# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from __future__ import annotations

from pydantic import BaseModel


class A(BaseModel):
    x: ().__class__


leak = A
