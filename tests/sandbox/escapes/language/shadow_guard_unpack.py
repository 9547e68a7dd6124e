# level: language
# category: guard-shadowing
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

[_getattr_, *_write_] = [1, 2, 3]
leak = 1
