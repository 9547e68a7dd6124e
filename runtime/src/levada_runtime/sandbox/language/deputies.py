"""Functions of the standard library that a connector could send where it may not go itself, made narrower.

Each sets attributes or makes code from names it is handed. Those here refuse classes that are not the connector's own
and names that would be code.
"""

import abc
import collections
import contextlib
import dataclasses
import enum
import functools
import inspect
import itertools
import re
import statistics
import textwrap
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from xml.etree.ElementTree import Element

import defusedxml.ElementTree

from levada_runtime.sandbox.language.host import calling_module, is_of_a_connector, is_of_the_host
from levada_runtime.sandbox.language.names import GUARDED_ATTRIBUTES, field_problem


def wraps(wrapped: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`functools.wraps` for functions, with the standard list but for `__module__`, by which is told what is whose.

    A list of one's own would read and set any attribute by name. The annotations and `__wrapped__` go together: text
    in annotations is evaluated in the globals of what was wrapped.
    """
    plain = isinstance(wrapped, types.FunctionType)
    assigned = ("__name__", "__qualname__", "__doc__", *(("__annotations__", "__type_params__") if plain else ()))

    def wrap(wrapper: Callable[..., Any]) -> Callable[..., Any]:
        if not isinstance(wrapper, types.FunctionType):
            raise TypeError("wraps() is for functions")
        made = functools.update_wrapper(wrapper, wrapped, assigned, ("__dict__",) if plain else ())
        if not plain:
            del vars(made)["__wrapped__"]
        return made

    return wrap


def dataclass(cls: type | None = None, /, **options: Any) -> Any:
    """`dataclasses.dataclass` for the connector's own classes; the names of fields become code there."""
    if cls is None:
        return lambda given: dataclass(given, **options)
    _check_own(cls)
    for name in vars(cls).get("__annotations__", ()):
        problem = field_problem(name)
        if problem is not None:
            raise TypeError(f"{cls.__name__}: {problem}")
    made: Any = dataclasses.dataclass(cls, **options)
    read = vars(made).get("__match_args__", ())
    # A pattern reads these by position, past the guard: a class derived from str would hand out its real `format`.
    made.__match_args__ = tuple(itertools.takewhile(lambda name: name not in GUARDED_ATTRIBUTES, read))  # type: ignore[misc]  # It is a class's own.
    return made


def total_ordering(cls: type) -> type:
    """`functools.total_ordering` for the connector's own classes."""
    _check_own(cls)
    return functools.total_ordering(cls)


def abstractmethod(function: Any) -> Any:
    """`abc.abstractmethod`, which marks what it is handed."""
    if not isinstance(function, types.FunctionType | property | classmethod | staticmethod):
        raise TypeError("abstractmethod() is for methods")
    marked: Any = abc.abstractmethod
    return marked(function)


def unchanged(value: Any) -> Any:
    """`typing.final` and `typing.override`, which would mark what they are handed, for type checkers only."""
    return value


def unmarked(function: Any = None, **_options: Any) -> Any:
    """`levada.hookimpl`, which would mark what it is handed; what it marks runs outside, and is loaded there."""
    return unchanged if function is None else function


def namedtuple(typename: str, field_names: str | Iterable[str], **options: Any) -> type:
    """`collections.namedtuple` of the module that calls it."""
    options["module"] = calling_module()
    return collections.namedtuple(typename, field_names, **options)  # noqa: PYI024 - what is asked for is this one.


def narrow_enums() -> None:
    """Make `Enum("Name", ...)` of this process refuse members that are no plain names; done in the zygote.

    Written as a call an enumeration takes its names from values, and names with underscores become methods of it.
    """
    create = enum.EnumMeta._create_  # type: ignore[attr-defined]  # The one place every such call passes.

    def checked(cls: Any, class_name: str, names: Any, **options: Any) -> Any:
        members = _members(names)
        for name in members if isinstance(members, list) else ():
            key = name if isinstance(name, str) else name[0]
            if type(key) is not str or key.startswith("_"):
                raise TypeError(f"{key!r} is no name for a member")
        options["module"] = calling_module(2)
        return create(cls, class_name, members, **options)

    enum.EnumMeta._create_ = checked  # type: ignore[attr-defined]  # Narrowed, as the docstring says.


def narrow_fields() -> None:
    """Make `dataclasses.Field` of this process final and what it tells a copy; done in the zygote.

    The names of fields become code, and an instance of a connector's own could change its name when it was vetted.
    """
    refuse_subclasses(dataclasses.Field)
    stored: Any = vars(dataclasses.Field)["metadata"]

    def metadata(self: Any) -> Mapping[Any, Any]:
        return types.MappingProxyType(dict(stored.__get__(self)))

    dataclasses.Field.metadata = property(metadata, stored.__set__)  # type: ignore[assignment,misc]  # Narrowed, as the docstring says.


def refuse_subclasses(*kinds: type) -> None:
    """Let no connector derive from these: what the host does with their instances relies on their own methods."""
    for kind in kinds:
        kind.__init_subclass__ = _refuse_subclass(kind)  # type: ignore[method-assign]  # Narrowed, as the docstring says.


def _refuse_subclass(kind: Any) -> Any:
    before = kind.__init_subclass__.__func__ if "__init_subclass__" in vars(kind) else None

    def init_subclass(cls: Any, /, **options: Any) -> None:
        if is_of_a_connector(cls.__module__):
            raise TypeError(f"{kind.__name__} cannot be derived from in a connector; make one of it")
        if before is not None:
            before(cls, **options)
        else:
            super(kind, cls).__init_subclass__(**options)

    return classmethod(init_subclass)


def narrow_descriptors() -> None:
    """Let no connector derive from descriptors that say which attribute they fill, or whom they ask; in the zygote.

    One of its own would put names that Python looks up into any of its objects, or be handed the class of a class.
    """
    refuse_subclasses(functools.cached_property, functools.singledispatchmethod, enum.property)


def narrow_methods() -> None:
    """Make methods of this process that ask `self` for its class take instances only; done in the zygote.

    They are functions: read from the class they would take anything for `self`, and the class of a class makes classes.
    """
    for kind, names in _ASK_FOR_THE_CLASS.items():
        for name in names:
            setattr(kind, name, _of_instances(kind, vars(kind)[name]))
    parents: Any = vars(collections.ChainMap)["parents"]
    collections.ChainMap.parents = property(_of_instances(collections.ChainMap, parents.fget), doc=parents.__doc__)  # type: ignore[assignment,method-assign]  # Narrowed, as the docstring says.
    contextlib.ExitStack.callback = _of_instances(contextlib.ExitStack, _callback)  # type: ignore[method-assign]  # The same.


_EXIT_STACKS: Final[Any] = contextlib.ExitStack.__base__
_ASK_FOR_THE_CLASS: Final[dict[type, tuple[str, ...]]] = {
    collections.ChainMap: ("copy", "new_child"),
    collections.Counter: ("copy",),
    collections.UserDict: ("copy",),
    collections.UserList: ("copy",),
    types.DynamicClassAttribute: ("deleter", "getter", "setter"),
    _EXIT_STACKS: ("enter_context", "pop_all", "push"),
}


def _of_instances(kind: type, method: Callable[..., Any]) -> Any:
    @functools.wraps(method)
    def of_instances(self: Any, /, *values: Any, **named: Any) -> Any:
        if not issubclass(type(self), kind):
            raise TypeError(f"{method.__name__}() is a method of {kind.__name__}; call it on one")
        return method(self, *values, **named)

    del of_instances.__wrapped__  # It would be what is narrowed here.
    return of_instances


def _callback(self: Any, callback: Callable[..., Any], /, *values: Any, **named: Any) -> Callable[..., Any]:
    """`ExitStack.callback`, which would mark what a method of one's own returned with the function of another."""

    def leave(*_error: Any) -> None:
        callback(*values, **named)

    self._push_exit_callback(leave)
    return callback


def narrow_statistics() -> None:
    """Make `statistics` of this process refuse classes for numbers: it calls the classes of what it was given."""
    exact: Any = statistics._exact_ratio  # type: ignore[attr-defined]  # noqa: SLF001 - the one place every value passes.

    def checked(value: Any) -> Any:
        if isinstance(value, type):
            raise TypeError(f"{value.__name__} is a class and no number")
        return exact(value)

    statistics._exact_ratio = checked  # type: ignore[attr-defined]  # noqa: SLF001 - narrowed, as the docstring says.


def narrow_signatures() -> None:
    """Make `inspect` of this process read no signature out of what a connector wrote; done in the zygote.

    The docstring of a class may hold one, and the names that stand in it for defaults are evaluated.
    """
    parsed: Any = inspect._signature_fromstr  # type: ignore[attr-defined]  # noqa: SLF001 - the one place they pass.

    def checked(cls: Any, owner: Any, *text: Any, **options: Any) -> Any:
        if is_of_a_connector(getattr(owner, "__module__", None)):
            raise ValueError("no signature is read out of a text")
        return parsed(cls, owner, *text, **options)

    inspect._signature_fromstr = checked  # type: ignore[attr-defined]  # noqa: SLF001 - narrowed, as the docstring says.


class SimpleNamespace(types.SimpleNamespace):
    """`types.SimpleNamespace` without the names that Python looks up: as keywords they would pass every guard."""

    def __init__(self, *values: Any, **named: Any) -> None:
        given = dict(*values, **named)
        for name in given:
            if type(name) is not str or (name.startswith("__") and name.endswith("__")):
                raise TypeError(f"{name!r} is no name for an attribute")
        super().__init__(**given)

    def __repr__(self) -> str:
        shown = super().__repr__()
        return f"namespace{shown[shown.index('(') :]}" if type(self) is SimpleNamespace else shown


def _of_plain_text(function: Callable[..., Any]) -> Any:
    """Return a function of text for plain text: a class of its own would be handed the tables of the host."""

    @functools.wraps(function)
    def of_plain_text(text: str, *values: Any, **options: Any) -> Any:
        if not isinstance(text, str):
            raise TypeError(f"{function.__name__}() takes a str, not {type(text).__name__}")
        return function(str.__str__(text), *values, **options)

    return of_plain_text


def narrow_patterns() -> None:
    """Make `re.escape` of this process work on plain text: a class of its own would be handed the host's table."""
    escape = re.escape

    @functools.wraps(escape)
    def of_plain_text(pattern: Any) -> Any:
        return escape(str.__str__(pattern) if isinstance(pattern, str) else pattern)

    re.escape = of_plain_text


dedent = _of_plain_text(textwrap.dedent)
fill = _of_plain_text(textwrap.fill)
indent = _of_plain_text(textwrap.indent)
shorten = _of_plain_text(textwrap.shorten)
wrap = _of_plain_text(textwrap.wrap)


def fromstring(text: str | bytes) -> Element:
    """Parse XML with entities, external references and DTDs refused; the switches that allow them are not offered."""
    parsed: Element = defusedxml.ElementTree.fromstring(text, forbid_dtd=True)
    return parsed


def _check_own(cls: Any) -> None:
    if not isinstance(cls, type) or is_of_the_host(cls.__module__):
        raise TypeError(f"{cls!r} is not a class of the connector's own")


def _members(names: Any) -> Any:
    """Return the names as plain values, read once: what is checked is what is used."""
    if isinstance(names, str):
        names = str.__str__(names).replace(",", " ").split()
    if isinstance(names, Mapping):
        return [(name, names[name]) for name in list(names)]
    return [name if isinstance(name, str) else tuple(name) for name in names]
