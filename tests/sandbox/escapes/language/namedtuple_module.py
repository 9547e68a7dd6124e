# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from collections import namedtuple

T = namedtuple("T", "x", module="levada")
leak = T.__module__
