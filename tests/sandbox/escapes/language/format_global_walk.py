# level: language
# category: format-string
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

def f():
    pass


leak = "{0.__globals__}".format(f)
