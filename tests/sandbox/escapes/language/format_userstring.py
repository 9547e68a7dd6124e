"""Category: format-string. Escape proof: `leak` is bound to something that is not None."""

from collections import UserString
leak = UserString("{0.__class__}").format(1)
