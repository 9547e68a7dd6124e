"""Category: builtins. Escape proof: `leak` is bound to something that is not None."""

leak = __build_class__(lambda: None, "A")
