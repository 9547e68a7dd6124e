"""Category: guard-shadowing. Escape proof: `leak` is bound to something that is not None."""

leak = (_getattr_ := 1)
