"""Category: guard-shadowing. Escape proof: `leak` is bound to something that is not None."""

def f(*, _write_=None):
    return 1
leak = f()
