"""Category: format-string. Escape proof: `leak` is bound to something that is not None."""

s = "{0.__class__.__mro__}"
leak = s.format(())
