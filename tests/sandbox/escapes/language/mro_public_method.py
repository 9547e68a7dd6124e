"""Category: introspection. Escape proof: `leak` is bound to something that is not None."""

leak = int.mro()
