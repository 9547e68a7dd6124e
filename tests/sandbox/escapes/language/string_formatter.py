"""Category: format-string. Escape proof: `leak` is bound to something that is not None."""

import string
leak = string.Formatter().get_field("0.__class__", (1,), {})
