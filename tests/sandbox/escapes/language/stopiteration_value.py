"""Category: exception-leak. Escape proof: `leak` is bound to something that is not None."""

def g():
    return print
    yield
try:
    next(g())
except StopIteration as e:
    leak = getattr(e.value, "__self__")
