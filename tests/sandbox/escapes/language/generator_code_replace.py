"""Category: frames. Escape proof: `leak` is bound to something that is not None."""

def g():
    yield 1
leak = g().gi_code
