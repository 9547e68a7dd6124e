"""Category: format-string. Escape proof: `leak` is bound to something that is not None."""

leak = str.format("{0.__class__}", 1)
