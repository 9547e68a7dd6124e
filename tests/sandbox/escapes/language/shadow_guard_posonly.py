"""Category: guard-shadowing. Escape proof: `leak` is bound to something that is not None."""

def f(_getattr_, /):
    return 1
leak = f(lambda o, n: 1)
