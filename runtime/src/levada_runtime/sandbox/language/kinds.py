"""The stand-in for `type`: it tells the class of a value and makes none, however it is called or derived from."""

import types
from typing import Any


class _TypeOfOne(type):
    """The class of the stand-in: one argument in, a class out, never a metaclass that could make one."""

    def __call__(cls, *values: Any) -> Any:
        if len(values) != 1:
            raise TypeError("type() takes 1 argument in connectors; write the class out with `class`")
        kind = type(values[0])
        if issubclass(kind, super):
            # Whoever had it could ask the parents of a class for what the class itself narrows.
            raise TypeError("super() has no class in connectors; write super().method(...)")
        return TypeOf if issubclass(kind, type) else kind

    def __instancecheck__(cls, value: Any) -> bool:
        # Of a class derived from it nothing is an instance: as a pattern it would read what it names of any class.
        return cls is TypeOf and isinstance(value, type)

    def __repr__(cls) -> str:
        return "<class 'type'>"


class TypeOf(metaclass=_TypeOfOne):
    """What connectors have as `type`, and as `typing.Type`."""

    __slots__ = ()
    __module__ = "builtins"
    __qualname__ = "type"

    def __class_getitem__(cls, item: Any) -> types.GenericAlias:
        # An alias is called, derived from and asked for its origin: it must lead to the stand-in, too.
        return types.GenericAlias(TypeOf, item)
