"""What a webhook route is given, what it may answer, and the slice of time that a backfill route fills."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from levada._encoding import decode_json
from levada.errors import BadRecord, ConnectorMistake

_LAST_STATUS = 599


@dataclass(frozen=True, slots=True)
class Request:
    """A webhook delivery whose signature was verified outside the sandbox."""

    body: bytes
    headers: Mapping[str, str]
    params: Mapping[str, str] = field(default_factory=dict)
    delivery_id: str | None = None

    @property
    def json(self) -> Any:
        """The body as JSON. Raises BadRecord when it is none."""
        try:
            return decode_json(self.body)
        except (ValueError, RecursionError):
            raise BadRecord("the body of the delivery is not JSON") from None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a webhook route with `reply=True` answers. Raises ConnectorMistake for a status that no answer has."""

    status: int = 200
    json: Any = None

    def __post_init__(self) -> None:
        if type(self.status) is not int or not 200 <= self.status <= _LAST_STATUS:
            raise ConnectorMistake(f"a Reply has a status from 200 to {_LAST_STATUS}, not {self.status!r}")


@dataclass(frozen=True, slots=True)
class Window:
    """A slice of time, half-open: `start` belongs to it, `end` does not. Both are aware."""

    start: datetime
    end: datetime
