# level: language
# category: frames
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

def f(x=1):
    pass


leak = f.__defaults__
