"""What is a connector's own: told by the module a class or function was defined in, which its code cannot choose."""

import types
import typing
from abc import ABC
from typing import Any

_BLANK = (
    object, str, int, float, bytes, tuple, frozenset, dict, list, set, typing.Generic, typing.Protocol, ABC,
)  # fmt: skip
_FORWARDING = (
    super, types.ModuleType, types.GenericAlias,
    type(typing.List), type(typing.List[int]), type(typing.Optional),  # noqa: UP006 - it is their classes that are meant.
)  # fmt: skip
_SELF_CLASS, _THIS_CLASS = vars(super)["__self_class__"], vars(super)["__thisclass__"]
"""What reads and writes the attributes of another object: a class derived from one of these is nobody's own."""


class Ownership:
    """Tells what belongs to one connector; `package` is the name its own modules live under."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._inside = f"{package}."

    def module(self, name: object) -> bool:
        return type(name) is str and (name == self._package or name.startswith(self._inside))

    def kind(self, kind: type) -> bool:
        return self.module(kind.__module__) and not issubclass(kind, _FORWARDING)

    def function(self, function: types.FunctionType) -> bool:
        # A function says itself which module it is of, and `wraps` writes that; its globals are what it runs in.
        return self.module(function.__globals__.get("__name__"))

    def thing(self, value: Any) -> bool:
        """Whether this is a module, a class, a function or an instance of the connector's own."""
        if isinstance(value, type):
            return self.kind(value)
        if isinstance(value, types.ModuleType):
            return self.module(value.__name__)
        if type(value) is types.FunctionType:
            return self.function(value)
        return self.kind(type(value))

    def _inherited(self, owner: Any, name: str) -> bool:
        """Whether `super()._name` finds what a class of the connector's own defines."""
        kinds = _SELF_CLASS.__get__(owner).__mro__
        above = kinds[kinds.index(_THIS_CLASS.__get__(owner)) + 1 :]
        return any(self.kind(each) for each in [each for each in above if name in vars(each)][:1])

    def is_pure(self, kind: type) -> bool:
        """Whether no class that this one derives from has private attributes of somebody else."""
        return all(
            self.kind(each)
            or any(each is blank for blank in _BLANK)
            or (issubclass(each, BaseException) and each.__module__ == "builtins")
            for each in kind.__mro__
        )

    def private_member(self, owner: Any, name: str) -> bool:
        """Whether a private attribute is one that the connector itself defined."""
        if type(owner) is super:
            return self._inherited(owner, name)
        if isinstance(owner, types.ModuleType):
            return self.module(owner.__name__) and not name.endswith("_")
        kind = owner if isinstance(owner, type) else type(owner)
        if not self.kind(kind):
            return False
        if name in getattr(owner, "__dict__", ()) or name in (getattr(owner, "__pydantic_private__", None) or ()):
            return True
        return any(name in vars(each) and self.kind(each) for each in kind.__mro__)
