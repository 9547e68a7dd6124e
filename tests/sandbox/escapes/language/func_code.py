"""Category: frames. Escape proof: `leak` is bound to something that is not None."""

def f(): pass
leak = f.__code__
