# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import NamedTuple
leak = NamedTuple("T", [("x", "().__cl" + "ass__")])
