# level: language
# category: frames
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

def f():
    return 1


def g():
    return 2


f.__code__ = g.__code__
leak = f()
