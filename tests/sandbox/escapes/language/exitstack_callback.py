# level: language
# category: frames
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from contextlib import ExitStack

leak = None


def close(kind, value, trace):
    global leak
    leak = trace.tb_frame.f_globals
    return True


with ExitStack() as stack:
    stack.push(close)
    1 / 0
