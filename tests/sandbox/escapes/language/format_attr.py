# level: language
# category: format-string
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

s = "{0.__class__.__mro__}"
leak = s.format(())
