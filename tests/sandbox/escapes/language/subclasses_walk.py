"""Category: introspection. Escape proof: `leak` is bound to something that is not None."""

leak = ().__class__.__base__.__subclasses__()
