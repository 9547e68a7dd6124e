"""Category: frames. Escape proof: `leak` is bound to something that is not None."""

def g():
    yield 1
x = g()
leak = getattr(x, "gi_" + "frame")
