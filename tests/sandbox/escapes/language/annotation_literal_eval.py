# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import cast
leak = cast("().__class__", 1).__class__
