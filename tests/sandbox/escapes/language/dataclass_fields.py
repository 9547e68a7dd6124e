# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from dataclasses import dataclass


@dataclass
class A:
    x: int = 0


leak = A.__dataclass_fields__
