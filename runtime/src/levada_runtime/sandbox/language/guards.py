"""The guards that compiled connector code calls: for names compiling could not vet, for writes, and the builtins.

Each captures what it needs when it is made, so that nothing a connector binds can change it. `known` and `mine` hold
the classes a guard has already answered for: compiled code asks them first, and a guard only about what is in neither.
"""

import builtins
import collections
import decimal
import functools
import re
import string
import types
from _string import formatter_field_name_split  # type: ignore[import-not-found]  # How string.Formatter itself does it.
from abc import ABCMeta
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from enum import EnumMeta
from typing import Any, Final
from xml.etree.ElementTree import Element

from RestrictedPython.Guards import safe_builtins

from levada_runtime.sandbox.language import ways_out
from levada_runtime.sandbox.language.deputies import SimpleNamespace
from levada_runtime.sandbox.language.facade import Facade
from levada_runtime.sandbox.language.kinds import TypeOf
from levada_runtime.sandbox.language.names import (
    GUARDED_ATTRIBUTES,
    NAMEDTUPLE_METHODS,
    READABLE_ATTRIBUTES,
    attribute_problem,
)
from levada_runtime.sandbox.language.ownership import Ownership

_PLAIN: Final = (
    "list", "dict", "set", "frozenset", "tuple", "bytes", "bytearray", "sorted", "zip", "reversed", "enumerate",
    "map", "filter", "sum", "min", "max", "any", "all", "iter", "next", "property", "staticmethod", "classmethod",
    "object", "super", "ascii", "bin", "format", "NotImplemented", "StopAsyncIteration", "ModuleNotFoundError",
    "TimeoutError", "ConnectionError", "ConnectionAbortedError", "ConnectionRefusedError", "ConnectionResetError",
    "BrokenPipeError", "InterruptedError", "PermissionError", "FileExistsError", "FileNotFoundError",
    "RecursionError", "ExceptionGroup", "ResourceWarning", "EncodingWarning",
)  # fmt: skip
_WITHHELD: Final = (
    "SystemExit", "KeyboardInterrupt", "GeneratorExit", "id", "setattr", "delattr", "_getattr_",
)  # fmt: skip
_WRITABLE: Final = (
    dict, list, set, bytearray, collections.deque, decimal.Context, SimpleNamespace, Element,
)  # fmt: skip
_FORMATS: Final = {"format": vars(str)["format"], "format_map": vars(str)["format_map"]}
_TAKEN_AS_THEY_ARE: Final = (date, time, timedelta, tzinfo)
_VALUES: Final = frozenset({
    type(None), bool, int, float, complex, str, bytes, tuple, list, dict, set, frozenset, decimal.Decimal,
    date, datetime, time, timedelta,
})  # fmt: skip
_ABSENT: Final = object()


class Guards:
    """The guards of one connector; `package` is the name its own modules live under."""

    def __init__(self, package: str) -> None:
        self._own = Ownership(package)
        self._known: set[type] = set(_WRITABLE)
        self._mine: set[type] = set()

    def names(self) -> dict[str, Any]:
        """Return what the policy makes compiled code name, for the globals of each of the connector's modules."""
        return {
            "_getattr_": self.getattr,
            "_write_": self.write,
            "_private_": self.private,
            "_freeze_": self.freeze,
            "_super_": self.super,
            "_new_": self.new,
            "_made_": self.made,
            "_type_": type,
            "_known_": self._known,
            "_mine_": self._mine,
        }

    def getattr(self, owner: Any, name: str, default: Any = _ABSENT) -> Any:
        """Read an attribute, or raise AttributeError: private names only of the connector's own, never a module."""
        if type(name) is not str:
            raise TypeError("attribute name must be str")
        if name in READABLE_ATTRIBUTES:
            return _readable(owner, name, default)
        problem = attribute_problem(name)
        if problem is not None:
            raise AttributeError(f"{problem}; {ways_out.of_attribute(name)}")
        if name[:1] == "_":
            self._check_private(owner, name)
        if name in GUARDED_ATTRIBUTES:
            return self._guarded_attribute(owner, name, default)
        value = getattr(owner, name) if default is _ABSENT else getattr(owner, name, default)
        if isinstance(value, types.ModuleType) and not self._own.module(value.__name__):
            raise AttributeError(f"{name!r} is a module; modules are reached by import only")
        return value

    def hasattr(self, owner: Any, name: str) -> bool:
        try:
            self.getattr(owner, name)
        except AttributeError:
            return False
        return True

    def setattr(self, owner: Any, name: str, value: Any) -> None:
        setattr(self.write(owner), _settable(name), value)

    def freeze(self, owner: Any, name: str, value: Any) -> None:
        """Serve `object.__setattr__`: what a frozen class of the connector's own fills itself in with."""
        if isinstance(owner, type) or not self._own.kind(type(owner)):
            raise TypeError(f"{_title(owner)} is read-only for a connector; {_instead_of_writing(owner)}")
        object.__setattr__(owner, _settable(name), value)

    def super(self, kind: Any, owner: Any) -> Any:
        """Serve `super(Own, self)`: what comes after a class of the connector's own, never after one that narrows."""
        if not isinstance(kind, type) or not self._own.kind(kind):
            raise TypeError(f"super() takes a class of your own, not {_title(kind)}; write super().method(...)")
        return super(kind, owner)

    def new(self, owner: Any) -> Callable[..., Any]:
        """Serve `super().__new__` and `str.__new__`: they make instances of the connector's own classes."""

        def make(kind: Any, *values: Any, **named: Any) -> Any:
            if not isinstance(kind, type) or not self._own.kind(kind):
                raise TypeError(f"__new__ makes instances of your own classes, not of {_title(kind)}; call the class")
            return owner.__new__(kind, *values, **named)

        return make

    def made(self, make: Callable[..., Any]) -> Callable[..., Any]:
        """Serve a `__new__` of the connector's own: enum, pydantic and copies write to what it returns.

        Dates take what comes back for one of them without asking, so of them it has to be one.
        """

        @functools.wraps(make, updated=())
        def checked(kind: Any, /, *values: Any, **named: Any) -> Any:
            made = make(kind, *values, **named)
            needed = next(
                (each for each in _TAKEN_AS_THEY_ARE if isinstance(kind, type) and issubclass(kind, each)), object
            )
            if not isinstance(made, needed) or not (type(made) in _VALUES or self._own.kind(type(made))):
                raise TypeError(f"__new__ returned {_title(made)}, which is none of your own; return an instance")
            return made

        return checked

    def write(self, owner: Any) -> Any:
        """Return the object when it may be written to: plain containers, the connector's own classes and instances."""
        kind = type(owner)
        if kind in self._known:
            return owner
        if isinstance(owner, type):
            if self._own.kind(owner):
                return owner
        elif kind is types.FunctionType:
            if self._own.function(owner):
                return owner
        elif self._own.kind(kind) or isinstance(owner, _WRITABLE):
            self._known.add(kind)
            return owner
        raise TypeError(f"{_title(owner)} is read-only for a connector; {_instead_of_writing(owner)}")

    def private(self, owner: Any, name: str) -> Any:
        """Return the object when its private attribute may be read and written, as `owner._name += 1` does."""
        self._check_private(owner, name)
        return self.write(owner)

    def builtins(self, importer: Callable[..., Any], write_line: Callable[..., None]) -> dict[str, Any]:
        """Return what the connector's modules have as builtins."""
        names = {name: value for name, value in safe_builtins.items() if name not in _WITHHELD}
        names.update((name, getattr(builtins, name)) for name in _PLAIN)
        names.update(
            type=TypeOf,
            getattr=self.getattr,
            hasattr=self.hasattr,
            setattr=self.setattr,
            print=write_line,
            __import__=importer,
        )
        return names

    def _check_private(self, owner: Any, name: str) -> None:
        kind = type(owner)
        if kind in self._mine:
            return
        if name in NAMEDTUPLE_METHODS and issubclass(owner if isinstance(owner, type) else kind, tuple):
            return
        if not self._own.private_member(owner, name):
            if self._own.thing(owner):
                raise AttributeError(f"{_title(owner)} has no attribute {name!r} of your own")
            raise AttributeError(f"{name!r} is private to another package; use what {_title(owner)} offers without one")
        if not isinstance(owner, type | types.ModuleType) and self._own.is_pure(kind):
            self._mine.add(kind)

    def _guarded_attribute(self, owner: Any, name: str, default: Any) -> Any:
        if name == "obj" and isinstance(owner, BaseException):
            raise AttributeError("'obj' leads out of the connector; name the object you asked")
        value = getattr(owner, name) if default is _ABSENT else getattr(owner, name, default)
        if name in ("model_fields", "model_computed_fields") or type(owner) is re.Pattern:
            return types.MappingProxyType(dict(value))
        if getattr(value, "__func__", None) is ABCMeta.register:
            raise AttributeError("'register' of an abstract class would make foreign objects yours; derive from it")
        if name not in _FORMATS:
            return value
        if value is _FORMATS[name]:
            return self._unbound_format(name)
        if type(value) is types.BuiltinMethodType and isinstance(value.__self__, str):
            return self._bound_format(str.__str__(value.__self__), name)
        if self._own.thing(owner):
            return value
        raise AttributeError(f"{name!r} is available on text and on your own objects only")

    def _bound_format(self, template: str, name: str) -> Callable[..., str]:
        formatter = _Formatter(self.getattr)
        if name == "format":
            return lambda *values, **named: formatter.vformat(template, values, named)
        return lambda named: formatter.vformat(template, (), named)

    def _unbound_format(self, name: str) -> Callable[..., str]:
        return lambda template, *values, **named: self._bound_format(_text(template), name)(*values, **named)


def _readable(owner: Any, name: str, default: Any) -> Any:
    value = getattr(owner, name) if default is _ABSENT else getattr(owner, name, default)
    if value is default or type(value) is str:
        return value
    if name == "__members__" and isinstance(owner, EnumMeta):
        return types.MappingProxyType(dict(value))
    return None


def _settable(name: Any) -> str:
    if type(name) is not str:
        raise TypeError("attribute name must be str")
    problem = attribute_problem(name)
    if problem is not None:
        raise AttributeError(f"{name!r} cannot be set; {ways_out.of_attribute(name)}")
    return name


def _text(template: Any) -> str:
    if not isinstance(template, str):
        raise TypeError(f"format() takes a str, not {type(template).__name__}")
    return str.__str__(template)


def _title(owner: Any) -> str:
    if isinstance(owner, types.ModuleType):
        return f"module {owner.__name__!r}"
    if isinstance(owner, Facade):
        return repr(owner)
    return f"type object {owner.__name__!r}" if isinstance(owner, type) else f"{type(owner).__name__!r} object"


def _instead_of_writing(owner: Any) -> str:
    if isinstance(owner, types.ModuleType):
        return "give the module a function that changes its own names with `global`"
    if isinstance(owner, type):
        return "derive a class of your own"
    return "make a new value, or keep what you need in an object of your own"


class _Formatter(string.Formatter):
    """`str.format` whose `{0.name}` goes through the attribute guard."""

    def __init__(self, read: Callable[[Any, str], Any]) -> None:
        self._read = read

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        first, rest = formatter_field_name_split(field_name)
        found = self.get_value(first, args, kwargs)
        for is_attribute, key in rest:
            found = self._read(found, key) if is_attribute else found[key]
        return found, first
