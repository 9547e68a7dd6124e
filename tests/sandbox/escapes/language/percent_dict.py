# level: language
# category: format-string
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

leak = "%(a)s" % {"a": ().__class__}
