"""What is added to a step of a request, and what is answered."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from levada_runtime.outbound.headers import Headers
from levada_runtime.outbound.redirects import Step


@dataclass(frozen=True, slots=True)
class Additions:
    """What is added to one step and to no other: credentials for the host it goes to."""

    headers: Headers = ()
    params: tuple[tuple[str, str], ...] = ()


AtStep = Callable[[Step], Additions]
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host and a port to the host's addresses."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: `url` is the last step's without its additions, `received` the bytes of all steps' bodies."""

    status: int
    headers: Headers
    body: bytes
    url: str
    received: int
