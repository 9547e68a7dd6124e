"""What a test is shown of an exception that was raised behind the wall, of which only name and message came out."""

import builtins
import decimal
import json
import sys
from collections.abc import Iterator

from levada import errors
from levada.errors import LevadaError, error_for
from levada.testing.wall import RouteEnd

_LEVADA = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, LevadaError)}
_OTHER = "connector_error"


class RouteFailed(Exception):  # noqa: N818 - what happened, as a test reads it
    """A route ended behind the wall other than by returning.

    It is also of the type that the route raised where that is one of Python's or of the connector's own, so that
    `pytest.raises` holds in process and behind the wall alike.
    """

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)
        self.message = message

    def __str__(self) -> str:
        return self.message


def failure_of(end: RouteEnd, package: str) -> Exception:
    """Return the exception that stands for this end of a route of the package."""
    if end.code in _LEVADA:
        return error_for(end.code, end.message, end.wait)
    if end.code != _OTHER:
        return RouteFailed(f"{end.reason}: {end.message}")
    name, _, message = end.message.partition(": ")
    for kind in _called(name, package):
        made = _made(kind, message)
        if made is not None:
            return made
    return RouteFailed(end.message)


def _called(name: str, package: str) -> Iterator[type[BaseException]]:
    """Yield the exceptions of this name that a connector can raise: its own, and Python's."""
    own = [module for key, module in sys.modules.items() if key.partition(".")[0] == package]
    for module in (*own, builtins, decimal, json):
        kind = vars(module).get(name)
        if isinstance(kind, type) and issubclass(kind, Exception):
            yield kind


def _made(kind: type[BaseException], message: str) -> Exception | None:
    try:
        both: type[RouteFailed] = type(kind.__name__, (RouteFailed, kind), {"__module__": kind.__module__})
        return both(message)
    except Exception:  # noqa: BLE001 - a class of the connector may refuse to be derived from for any reason
        return None
