# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from contextlib import contextmanager


@contextmanager
def c():
    yield


leak = c().gen.gi_frame
