"""Category: guard-shadowing. Escape proof: `leak` is bound to something that is not None."""

def f():
    _write_ = 1
    def g():
        nonlocal _write_
    return 1
leak = f()
