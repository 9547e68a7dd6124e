# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import functools


def f():
    pass


leak = functools.wraps(print, assigned=("__self__",))(f)
