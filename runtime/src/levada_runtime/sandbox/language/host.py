"""Whose a module is: the host's when it was loaded before the façades were sealed, a connector's by its package."""

import sys
import types

_host: set[str] = {"builtins"}
_packages: set[str] = set()


def remember_host() -> None:
    """Take every module that is loaded now for the host's; called when the façades are sealed."""
    _host.update(sys.modules)


def remember_connector(package: str) -> None:
    """Take what is defined in this package, and below it, for a connector's."""
    _packages.add(package)


def is_of_the_host(module: object) -> bool:
    return module in _host


def is_of_a_connector(module: object) -> bool:
    return type(module) is str and module.partition(".")[0] in _packages


def calling_module(depth: int = 1, default: str = "__main__") -> str:
    """Return the module that asked for something, as `collections`, `enum` and `typing` tell it.

    Code of the host in between is passed over: it calls what it was handed, and what comes of that is not the host's.
    """
    nearest = frame = sys._getframe(depth + 1)  # noqa: SLF001 - how the standard library tells it.
    while frame.f_back is not None and is_of_the_host(_module_of(frame)):
        frame = frame.f_back
    name = _module_of(nearest if is_of_the_host(_module_of(frame)) else frame)
    return name if isinstance(name, str) else default


def _module_of(frame: types.FrameType) -> object:
    return frame.f_globals.get("__name__")
