"""Routes: the author's functions, what each asks for by the names of its parameters, and how it is called."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from levada._nearest import did_you_mean
from levada._request import Reply
from levada._verify import VerifyScheme
from levada.errors import ConnectorMistake, InvalidDefinition

COMMON = frozenset({"settings", "secrets", "http", "log", "run", "now"})
INJECTED: Mapping[str, frozenset[str]] = {
    "poll": COMMON | {"ingest", "graph", "checkpoint"},
    "backfill": COMMON | {"ingest", "graph", "checkpoint", "window"},
    "webhook": COMMON | {"ingest", "graph", "checkpoint", "request"},
    "check": COMMON,
}


@dataclass(frozen=True, slots=True)
class Route:
    """One function serving one stream in one mode."""

    mode: str
    stream: str
    function: Callable[..., Any]
    parameters: tuple[str, ...]
    description: str
    emits: tuple[str, ...] | None = None
    schedule: str | None = None
    timezone: str = "UTC"
    timeout_s: float | None = None
    slice: str | None = None
    verify: VerifyScheme | None = None
    reply: bool = False
    delivery_id: str | None = None
    dedupe: bool = True
    observe_allow: bool = False


def parameters_of(function: Callable[..., Any], mode: str) -> tuple[str, ...]:
    """Return the names a route asks for.

    Raises InvalidDefinition for one that routes of this mode are not given, naming the nearest.
    """
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise InvalidDefinition(f"the {mode} route {_name(function)} must be a plain function: neither async nor yield")
    known, names = INJECTED[mode], []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise InvalidDefinition(f"the {mode} route {_name(function)} must name each of its parameters")
        if parameter.name not in known:
            raise InvalidDefinition(
                f"a {mode} route is not given {parameter.name!r}: {did_you_mean(parameter.name, known)}"
            )
        names.append(parameter.name)
    return tuple(names)


def call_route(route: Route, bench: Mapping[str, Any]) -> Reply | None:
    """Call a route with what it asks for.

    Raises ConnectorMistake when it returns what only a webhook route with `reply=True` may.
    """
    answer = route.function(**{name: bench[name] for name in route.parameters})
    if isinstance(answer, Reply):
        if not route.reply:
            raise ConnectorMistake(f"the route of {route.stream!r} returned a Reply, but does not declare reply=True")
        return answer
    return None


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", "of this stream"))
