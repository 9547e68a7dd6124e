# level: language
# category: format-string
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

leak = str.format_map("{a.__class__}", {"a": 1})
