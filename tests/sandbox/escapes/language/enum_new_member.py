# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from enum import Enum

from levada import Run


class E(Enum):
    A = 1


leak = E._new_member_(Run)
