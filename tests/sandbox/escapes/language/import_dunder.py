"""Category: import. Escape proof: `leak` is bound to something that is not None."""

leak = __import__("os")
