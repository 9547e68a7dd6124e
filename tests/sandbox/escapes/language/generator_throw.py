# level: language
# category: frames
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

def g():
    try:
        yield 1
    except ValueError as e:
        yield e.__traceback__


x = g()
next(x)
leak = x.throw(ValueError())
