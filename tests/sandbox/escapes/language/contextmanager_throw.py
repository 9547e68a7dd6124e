# level: language
# category: frames
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from contextlib import contextmanager

leak = None


@contextmanager
def c():
    global leak
    try:
        yield
    except ZeroDivisionError as e:
        leak = e.__traceback__


with c():
    1 / 0
