"""What a broker is asked for and what it keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from levada_runtime.outbound import Target
from levada_runtime.sandbox.broker.retry import IDEMPOTENT

INTERCEPTED = 202


class Asked(Protocol):
    """What a route asks for: the SDK's request and the wire's frame both have this shape."""

    @property
    def method(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def params(self) -> Sequence[tuple[str, str]]: ...
    @property
    def headers(self) -> Sequence[tuple[str, str]]: ...
    @property
    def body(self) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class Exchange:
    """One try of one request, as the run keeps it: `url` has no query, and no secret is in it.

    `status` is None when there was no answer, and `refused` then says why. An intercepted request was not sent.
    """

    method: str
    url: str
    status: int | None
    bytes: int
    ms: float
    attempt: int
    refused: str | None = None
    intercepted: bool = False


@dataclass(frozen=True, slots=True)
class Errand:
    """A request as the broker has understood it: where to is decided, credentials are not in it."""

    method: str
    target: Target
    headers: tuple[tuple[str, str], ...]
    body: bytes | None

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does what sending it once does."""
        return self.method in IDEMPOTENT
