"""Category: format-string. Escape proof: `leak` is bound to something that is not None."""

leak = "{a.__class__}".format_map({"a": 1})
