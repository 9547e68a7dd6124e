# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from dataclasses import dataclass


@dataclass
class A:
    gi_frame: object = None


leak = A
