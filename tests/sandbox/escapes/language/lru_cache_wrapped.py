# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from functools import lru_cache


@lru_cache
def f():
    pass


leak = f.__wrapped__
