# level: language
# category: format-string
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

f = "{0.__class__}".format
leak = f(1)
