# level: language
# category: exception-leak
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from contextlib import ExitStack

found = []


def seen(kind, error, trace):
    found.append(getattr(trace, "tb_" + "frame"))
    return True


with ExitStack() as stack:
    stack.push(seen)
    1 / 0
leak = found[0]
