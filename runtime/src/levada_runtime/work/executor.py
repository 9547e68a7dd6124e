"""The seam between durable work and what wakes the workers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from levada_runtime.work.service import Token


class Lost(Protocol):
    """What an executor tells of a token that nobody will carry out."""

    def __call__(self, token: Token, *, tried: bool = True) -> None:
        """Its worker is known to have died; or, if it was not `tried`, there was none to give it to."""
        ...


class Executor(Protocol):
    """Carries tokens to workers; it may lose or repeat them, since the rows are the truth.

    Whatever it raises ends the daemon, whose next start finds everything in the rows. Where it carries tokens through a
    broker it names its queue `work.versions.QUEUE`, so that they come to workers that understand what was claimed.
    """

    def start(self, lost: Lost, freed: Callable[[], None]) -> None:
        """Begin; `lost` is told of each token that nobody will carry out, `freed` when a worker is free."""
        ...

    def submit(self, tokens: Sequence[Token]) -> None:
        """Wake a worker for each token."""
        ...

    def in_flight(self) -> list[Token]:
        """Return the tokens that workers are at; the relay renews their leases."""
        ...

    def capacity(self) -> int:
        """Return how many tokens could be taken now."""
        ...

    def drain(self, timeout: float) -> None:
        """Take nothing more, let runs reach a page boundary, and stop after `timeout` seconds at the latest."""
        ...

    def line(self) -> str:
        """Return in a few words, for an operator, who will carry out the work."""
        ...

    def state(self) -> Mapping[str, Any]:
        """Return what an operator sees of it: `workers`, how many there are just now, and whatever else it knows."""
        ...
