# level: language
# category: guard-shadowing
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

class A(ｍetaclass=lambda *_: 5):
    pass


leak = A
