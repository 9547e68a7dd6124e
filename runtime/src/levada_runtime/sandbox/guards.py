"""The guards that compiled connector code calls: for names compiling could not vet, for writes, and the builtins.

Each captures what it needs when it is made, so that nothing a connector binds can change it. Whether something is the
connector's own is told by the module its class was defined in, which connector code cannot choose.
"""

import collections
import decimal
import string
import types
from _string import formatter_field_name_split  # type: ignore[import-not-found]  # How string.Formatter itself does it.
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from RestrictedPython.Guards import safe_builtins

from levada_runtime.sandbox.names import GUARDED_ATTRIBUTES, READABLE_ATTRIBUTES, attribute_problem

_PLAIN: Final = (
    list, dict, set, frozenset, tuple, bytes, bytearray, sorted, zip, reversed, enumerate, map, filter, sum, min, max,
    any, all, iter, next, property, staticmethod, classmethod, object, super, ascii, bin, format, StopAsyncIteration,
    ModuleNotFoundError, TimeoutError, ConnectionError, PermissionError, FileNotFoundError, RecursionError,
)  # fmt: skip
_WITHHELD: Final = ("SystemExit", "KeyboardInterrupt", "GeneratorExit", "BaseException", "id", "setattr", "delattr")
_WRITABLE: Final = (dict, list, set, bytearray, collections.deque, decimal.Context)
_ABSENT: Final = object()


class Guards:
    """The guards of one connector; `package` is the name its own modules live under."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._inside = f"{package}."

    def getattr(self, owner: Any, name: str, default: Any = _ABSENT) -> Any:
        """Read an attribute, or raise AttributeError: private names only of the connector's own, never a module."""
        if type(name) is not str:
            raise TypeError("attribute name must be str")
        if name in READABLE_ATTRIBUTES:
            text = getattr(owner, name, None)
            return text if type(text) is str else None
        problem = attribute_problem(name)
        if problem is not None:
            raise AttributeError(problem)
        if name[:1] == "_" and not self._is_own_member(owner, name):
            raise AttributeError(f"{name!r} is private to another package")
        if name in GUARDED_ATTRIBUTES:
            return self._guarded_attribute(owner, name)
        value = getattr(owner, name) if default is _ABSENT else getattr(owner, name, default)
        if isinstance(value, types.ModuleType) and not self._is_own(value.__name__):
            raise AttributeError(f"{name!r} is a module; modules are reached by import only")
        return value

    def hasattr(self, owner: Any, name: str) -> bool:
        try:
            self.getattr(owner, name)
        except AttributeError:
            return False
        return True

    def setattr(self, owner: Any, name: str, value: Any) -> None:
        if type(name) is not str or attribute_problem(name) is not None:
            raise AttributeError(f"{name!r} cannot be set")
        setattr(self.write(owner), name, value)

    def write(self, owner: Any) -> Any:
        """Return the object when it may be written to: plain containers, the connector's own classes and instances."""
        kind = type(owner)
        if kind in _WRITABLE:
            return owner
        if isinstance(owner, type):
            if self._is_own(owner.__module__):
                return owner
        elif self._is_own(kind.__module__) or isinstance(owner, _WRITABLE):
            return owner
        raise TypeError(f"{kind.__name__} objects are read-only for a connector")

    def builtins(self, importer: Callable[..., Any], write_line: Callable[..., None]) -> dict[str, Any]:
        """Return what the connector's modules have as builtins."""
        names = dict(safe_builtins)
        for name in _WITHHELD:
            names.pop(name, None)
        names.update((plain.__name__, plain) for plain in _PLAIN)
        names.update(
            type=_TypeOf,
            getattr=self.getattr,
            hasattr=self.hasattr,
            setattr=self.setattr,
            print=write_line,
            __import__=importer,
            NotImplemented=NotImplemented,
        )
        return names

    def _is_own(self, module: object) -> bool:
        return type(module) is str and (module == self._package or module.startswith(self._inside))

    def _is_own_member(self, owner: Any, name: str) -> bool:
        if isinstance(owner, types.ModuleType):
            return self._is_own(owner.__name__) and not name.endswith("_")
        kind = owner if isinstance(owner, type) else type(owner)
        if not self._is_own(kind.__module__):
            return False
        if name in getattr(owner, "__dict__", ()) or name in (getattr(owner, "__pydantic_private__", None) or ()):
            return True
        return any(name in vars(each) and self._is_own(each.__module__) for each in kind.__mro__)

    def _guarded_attribute(self, owner: Any, name: str) -> Any:
        if name == "obj" and isinstance(owner, BaseException):
            raise AttributeError("'obj' leads out of the connector")
        if owner is str or (isinstance(owner, type) and issubclass(owner, str)):
            return self._unbound_format(name)
        if isinstance(owner, str):
            return self._bound_format(str(owner), name)
        if name == "obj" or self._is_own(type(owner).__module__):
            return getattr(owner, name)
        raise AttributeError(f"{name!r} is available on str values only")

    def _bound_format(self, template: str, name: str) -> Callable[..., str]:
        formatter = _Formatter(self.getattr)
        if name == "format":
            return lambda *values, **named: formatter.vformat(template, values, named)
        return lambda named: formatter.vformat(template, (), named)

    def _unbound_format(self, name: str) -> Callable[..., str]:
        return lambda template, *values, **named: self._bound_format(str(template), name)(*values, **named)


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


class _TypeOfOne(type):
    """The class of the stand-in for `type`: one argument in, a class out, never a metaclass that could make one."""

    def __call__(cls, *values: Any) -> Any:
        if len(values) != 1:
            raise TypeError("type() takes 1 argument in connectors")
        kind = type(values[0])
        return cls if issubclass(kind, type) else kind

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, type)

    def __repr__(cls) -> str:
        return "<class 'type'>"


class _TypeOf(metaclass=_TypeOfOne):
    """What connectors have as `type`."""

    __slots__ = ()

    def __class_getitem__(cls, item: Any) -> types.GenericAlias:
        return types.GenericAlias(type, item)
