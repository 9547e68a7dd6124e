# level: language
# category: format-string
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from collections import UserString
leak = UserString("{0.__class__}").format(1)
