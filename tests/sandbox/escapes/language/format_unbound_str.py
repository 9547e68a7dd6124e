# level: language
# category: format-string
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

leak = str.format("{0.__class__}", 1)
