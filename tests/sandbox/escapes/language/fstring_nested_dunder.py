"""Category: format-string. Escape proof: `leak` is bound to something that is not None."""

leak = f"{().__class__}"
