"""Sealed façades: what connector code gets for a module is a read-only view of selected names, never the module.

Raw modules leak at once (`json.codecs.builtins.open`, `re.enum.sys`, `uuid.os`). A façade holds no reference to its
module and nothing in it is a module; none can be made once `seal` was called.
"""

import importlib
import types
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from levada_runtime.sandbox.language.host import remember_host
from levada_runtime.sandbox.language.modules import ALLOWED, REPLACED
from levada_runtime.sandbox.language.ways_out import of_imported_name


class Facade:
    """A module as connectors see it."""

    __slots__ = ("__names", "__title")
    _sealed = False

    def __init__(self, title: str, names: Mapping[str, Any]) -> None:
        if Facade._sealed:
            raise TypeError("façades cannot be made")
        object.__setattr__(self, "_Facade__title", title)
        object.__setattr__(self, "_Facade__names", types.MappingProxyType(dict(names)))

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__names[name]
        except KeyError:
            way_out = of_imported_name(self.__title, name)
            raise AttributeError(
                f"module {self.__title!r} has no attribute {name!r} in a connector; {way_out}"
            ) from None

    def __setattr__(self, name: str, _value: object) -> NoReturn:
        raise AttributeError(f"module {self.__title!r} is read-only: {name!r} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"module {self.__title!r} is read-only: {name!r} cannot be deleted")

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("façades cannot be copied")

    def __repr__(self) -> str:
        return f"<module {self.__title!r} as connectors see it>"


def seal() -> None:
    """Let no further façade be made, and take what is loaded now for the host's."""
    remember_host()
    Facade._sealed = True  # noqa: SLF001 - its own module.


def names_of(facade: Facade) -> Mapping[str, Any]:
    """Return what a façade offers; for the runtime, which may know."""
    names: Mapping[str, Any] = object.__getattribute__(facade, "_Facade__names")
    return names


def build(offers: Mapping[str, Callable[[], Mapping[str, Any]]]) -> dict[str, Facade]:
    """Return a façade for each allowed module and each further offer, and for their dotted parents."""
    contents = {title: _selected(title, names) for title, names in ALLOWED.items()}
    contents |= {title: dict(offer()) for title, offer in offers.items()}
    facades: dict[str, Facade] = {}
    for title in sorted(_with_parents(contents), key=lambda dotted: -dotted.count(".")):
        names = dict(contents.get(title, {}))
        names.update(
            (child.rpartition(".")[2], facade) for child, facade in facades.items() if child.rpartition(".")[0] == title
        )
        facades[title] = Facade(title, names)
    return facades


def _selected(title: str, names: str) -> dict[str, Any]:
    module = importlib.import_module(title)
    wanted = names.split()
    chosen = {name: REPLACED.get((title, name)) or getattr(module, name) for name in wanted if hasattr(module, name)}
    return {name: value for name, value in chosen.items() if not isinstance(value, types.ModuleType)}


def _with_parents(titles: Mapping[str, object]) -> set[str]:
    found = set(titles)
    for title in titles:
        parts = title.split(".")
        found |= {".".join(parts[:length]) for length in range(1, len(parts))}
    return found
