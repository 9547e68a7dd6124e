# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import NamedTuple


class A(NamedTuple):
    x: int


leak = A.__annotations__
