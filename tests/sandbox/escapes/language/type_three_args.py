"""Category: introspection. Escape proof: `leak` is bound to something that is not None."""

leak = type("X", (), {"a": 1})
