"""Cassettes: the HTTP of one run as it was recorded, without credentials, and a player that answers from it.

A cassette holds what a route asked and what it was given, one exchange for each request of the route: redirects and
retries happened before it was answered, and are not in it.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from levada._cassette_match import RequestKey, nearest
from levada._http import HttpRequest, Response
from levada.errors import LevadaError, error_for

FORMAT: Final = 1


class CassetteMiss(AssertionError):  # noqa: N818 - what happened, as a test reads it
    """The route asked for something that the cassette does not hold, or not whole."""


class InvalidCassette(ValueError):  # noqa: N818 - what the file is, as a person reads it
    """The file is no cassette."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RecordedBody(_Frozen):
    """A body as text where it is UTF-8, else as base64; `cut` is its size in bytes when it was too large to keep."""

    text: str | None = None
    base64: str | None = None
    cut: int | None = None

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Return a body in the spelling that a person can read, if there is one."""
        try:
            return cls(text=content.decode())
        except UnicodeDecodeError:
            return cls(base64=b64encode(content).decode())

    @property
    def content(self) -> bytes:
        """The body's bytes."""
        return b64decode(self.base64) if self.base64 is not None else (self.text or "").encode()


class RecordedRequest(_Frozen):
    """What the route asked for; `url` is absolute, `headers` are the route's own."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: RecordedBody | None = None


class RecordedResponse(_Frozen):
    """What the route was given; `url` is where the last redirect led."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    url: str = ""
    body: RecordedBody | None = None


class RecordedError(_Frozen):
    """What was raised in the route instead."""

    code: str
    message: str
    wait: float | None = None
    details: dict[str, Any] | None = None


class RecordedExchange(_Frozen):
    """One request of the route with its response, or the error that it ended in."""

    request: RecordedRequest
    response: RecordedResponse | None = None
    error: RecordedError | None = None


class Cassette(_Frozen):
    """The HTTP of one run.

    `settings`, `checkpoint` (by partition, as it stood before) and `now` are what else the route was given, so that it
    asks the same again; a backfill's has the `window` that it was given. `cut` says that the run asked for more than
    was kept.
    """

    levada_cassette: Literal[1] = FORMAT
    connector: str
    version: str | None = None
    stream: str
    mode: str = "poll"
    run: str | None = None
    recorded_at: datetime | None = None
    now: datetime | None = None
    settings: dict[str, Any] | None = None
    checkpoint: dict[str, dict[str, Any]] | None = None
    window: tuple[datetime, datetime] | None = None
    cut: bool = False
    exchanges: tuple[RecordedExchange, ...] = ()

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a cassette's file.

        Raises InvalidCassette naming the file and what is wrong with it.
        """
        try:
            return cls.model_validate_json(Path(path).read_bytes())
        except OSError as error:
            raise InvalidCassette(f"the cassette {path} cannot be read: {error.strerror}") from None
        except ValidationError as error:
            raise InvalidCassette(f"{path} is no cassette: {_first(error)}") from None

    def dump(self, path: str | Path) -> None:
        """Write the cassette as JSON that a person can read and change."""
        Path(path).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


class Player:
    """Answers requests from a cassette, each exchange once; equal requests are answered in the order of recording."""

    def __init__(self, cassette: Cassette) -> None:
        self.cassette = cassette
        self._left: list[tuple[RequestKey, RecordedExchange]] = [(_key(one.request), one) for one in cassette.exchanges]

    @property
    def unplayed(self) -> Sequence[RecordedExchange]:
        """The exchanges that nobody has asked for yet."""
        return [exchange for _, exchange in self._left]

    def play(self, request: HttpRequest) -> Response:
        """Answer a request whose URL is absolute, as it was answered when recorded.

        Raises the error that was recorded, or CassetteMiss when there is no such request left.
        """
        asked = RequestKey.asked(request)
        place = next((at for at, (key, _) in enumerate(self._left) if key.covers(asked)), None)
        if place is None:
            raise CassetteMiss(self._missed(asked))
        _, exchange = self._left.pop(place)
        if exchange.error is not None:
            raise _error(exchange.error)
        if exchange.response is None:
            raise CassetteMiss(f"the cassette holds {asked} without an answer: record the run again")
        return _response(exchange.response, asked)

    def _missed(self, asked: RequestKey) -> str:
        if self.cassette.cut and not self._left:
            return f"the route asks {asked}, and recording stopped before: the run was larger than what is kept of one"
        close = nearest(asked, [key for key, _ in self._left])
        if any(_key(one.request).covers(asked) for one in self.cassette.exchanges):
            held = "every exchange like it has been played"
        else:
            held = "it holds no further exchange" if close is None else f"the nearest that it holds is {close}"
        return (
            f"the route asks {asked}, which the cassette of run {self.cassette.run or '?'} does not answer: {held}; "
            "record a new run with `runtime run --record`, or change the cassette"
        )


def _response(recorded: RecordedResponse, asked: RequestKey) -> Response:
    body = recorded.body
    if body is not None and body.cut is not None:
        raise CassetteMiss(
            f"the answer to {asked} was {body.cut} bytes, too large to be kept; put a body into the cassette by hand"
        )
    return Response(recorded.status, dict(recorded.headers), b"" if body is None else body.content, recorded.url)


def _error(recorded: RecordedError) -> LevadaError:
    return error_for(recorded.code, recorded.message, recorded.wait, recorded.details)


def _key(request: RecordedRequest) -> RequestKey:
    body = request.body
    if body is None:
        return RequestKey.of(request.method, request.url)
    return RequestKey.of(request.method, request.url, None if body.cut is not None else body.content)


def _first(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in found["loc"])
    return f"{place}: {found['msg']}" if place else str(found["msg"])
