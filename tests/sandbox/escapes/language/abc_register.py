# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from abc import ABC


class A(ABC):
    pass


A.register(int)
leak = 1
