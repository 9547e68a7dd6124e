"""What a route may know of its run, and where it says what it does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from levada._encoding import encode_json
from levada._secrets import RouteSecrets
from levada.errors import LevadaError


@dataclass(frozen=True, slots=True)
class Run:
    """The run that a route serves."""

    id: str
    mode: str
    observing: bool
    attempt: int
    scheduled_for: datetime | None
    connection: str


class Log(Protocol):
    """The run's log: a message and fields, which the runtime keeps with the run."""

    def debug(self, message: str, **fields: Any) -> None: ...

    def info(self, message: str, **fields: Any) -> None: ...

    def warning(self, message: str, **fields: Any) -> None: ...

    def error(self, message: str, **fields: Any) -> None: ...


class RouteLog:
    """The `log` of one route."""

    __slots__ = ("_write",)

    def __init__(self, write: Callable[[str, str, Mapping[str, Any]], None]) -> None:
        self._write = write

    def debug(self, message: str, **fields: Any) -> None:
        self._write("debug", message, fields)

    def info(self, message: str, **fields: Any) -> None:
        self._write("info", message, fields)

    def warning(self, message: str, **fields: Any) -> None:
        self._write("warning", message, fields)

    def error(self, message: str, **fields: Any) -> None:
        self._write("error", message, fields)


def plain_fields(fields: Mapping[str, Any]) -> bytes:
    """Return the fields of a log line as JSON bytes; those that JSON cannot carry as they show themselves."""
    if not fields:
        return b"{}"
    try:
        return encode_json({name: repr(v) if isinstance(v, RouteSecrets) else v for name, v in fields.items()})
    except LevadaError:
        return encode_json({str(name): repr(value) for name, value in fields.items()})
