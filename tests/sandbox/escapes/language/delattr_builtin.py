# level: language
# category: builtins
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class A:
    x = 1


delattr(A, "x")
leak = 1
