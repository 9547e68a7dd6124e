# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from enum import Enum

E = Enum("E", {"__reduce__": 1, "A": 2})
leak = E.A.__class__
