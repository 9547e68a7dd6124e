# level: language
# category: format-string
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because a positional field is not found in a map

from collections import UserString as U
leak = U("{0.__class__}").format_map({"0": 1})
