# level: language
# category: frames
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

def f(x):
    def g():
        return x

    return g


leak = f(1).__closure__
