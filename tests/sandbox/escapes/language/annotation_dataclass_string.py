# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from dataclasses import dataclass


@dataclass
class A:
    x: "().__class__.__base__" = None


leak = A
