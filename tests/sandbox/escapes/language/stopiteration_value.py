# level: language
# category: exception-leak
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

def g():
    return print
    yield


try:
    next(g())
except StopIteration as e:
    leak = getattr(e.value, "__self__")
