# level: language
# category: guard-shadowing
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

def getattr(o, n):
    return 1


leak = getattr(1, "x")
