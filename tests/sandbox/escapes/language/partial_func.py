# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from functools import partial


def f():
    pass


leak = partial(f).func.__globals__
