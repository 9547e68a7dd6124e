"""Category: introspection. Escape proof: `leak` is bound to something that is not None."""

leak = print.__self__
