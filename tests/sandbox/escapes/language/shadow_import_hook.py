# level: language
# category: guard-shadowing
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

def __import__(*a):
    return 1


leak = __import__("os")
