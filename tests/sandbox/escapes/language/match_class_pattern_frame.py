"""Category: frames. Escape proof: `leak` is bound to something that is not None."""

def g():
    yield 1
match g():
    case object(gi_frame=f):
        leak = f
