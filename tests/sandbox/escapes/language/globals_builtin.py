"""Category: builtins. Escape proof: `leak` is bound to something that is not None."""

leak = globals()
