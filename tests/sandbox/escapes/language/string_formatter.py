# level: language
# category: format-string
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import string
leak = string.Formatter().get_field("0.__class__", (1,), {})
