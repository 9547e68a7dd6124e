# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from collections.abc import Mapping

Mapping.get = lambda *a: "evil"
leak = 1
