# level: language
# category: guard-shadowing
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

leak = (lambda _getattr_: 1)(2)
