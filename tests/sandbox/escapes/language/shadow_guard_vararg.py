# level: language
# category: guard-shadowing
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

def f(*_write_, **_getattr_):
    return 1


leak = f()
