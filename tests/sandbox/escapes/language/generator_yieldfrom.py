# level: language
# category: frames
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

def g():
    yield from [1]


x = g()
next(x)
leak = x.gi_yieldfrom
