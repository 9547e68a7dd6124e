# level: language
# category: guard-shadowing
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

def f():
    global _getattr_
    _getattr_ = 1


f()
leak = 1
