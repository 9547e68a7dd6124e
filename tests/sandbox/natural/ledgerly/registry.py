"""Kinds that register themselves, and a function for each type."""

from abc import ABC, abstractmethod
from functools import singledispatch

_KNOWN: dict[str, type["Reader"]] = {}


def register(name):
    def decorate(cls):
        _KNOWN[name] = cls
        return cls

    return decorate


class Reader(ABC):
    """Reads one kind of thing."""

    @abstractmethod
    def read(self, text): ...

    def format(self, value):
        return f"<{value}>"


@register("upper")
class Upper(Reader):
    def read(self, text):
        return self.format(text.upper())


@register("title")
class Title(Reader):
    def read(self, text):
        return self.format(text.title())


def known():
    return [_KNOWN[name]().read(name) for name in _KNOWN]


@singledispatch
def describe(value):
    return f"a {type(value).__name__}"


@describe.register
def _(value: int):
    return f"the number {value}"


@describe.register(list)
@describe.register(tuple)
def _(value):
    return f"{len(value)} values"


@describe.register
def _(value: None):
    return "nothing"
