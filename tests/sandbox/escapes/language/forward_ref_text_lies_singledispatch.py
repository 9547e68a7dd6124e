# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from functools import singledispatch


class Text(str):
    def strip(self, *_):
        return "int"


found = []


@singledispatch
def f(x):
    return x


def g(x: Text("[found.append(().__class__.__base__), int][1]")):
    return x


f.register(g)
leak = found[0]
