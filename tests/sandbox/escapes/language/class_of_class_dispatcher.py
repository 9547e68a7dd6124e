# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from functools import singledispatchmethod

found = []


class Dispatcher:
    def dispatch(self, kind):
        found.append(kind)
        return lambda *values: None

    def register(self, *_):
        pass


class Own(singledispatchmethod):
    pass


class A:
    @Own
    def f(self, value):
        pass

    f.dispatcher = Dispatcher()


A().f(int)
leak = found[0]("Made", (), {"__getattribute__": lambda self, name: name})().whatever
