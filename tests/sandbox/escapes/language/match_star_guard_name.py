# level: language
# category: guard-shadowing
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

match [1, 2]:
    case [*_getattr_]:
        leak = 1
