"""Category: guard-shadowing. Escape proof: `leak` is bound to something that is not None."""

class _getattr_: pass
leak = 1
