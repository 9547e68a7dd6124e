"""The seam between durable work and what wakes the workers."""

from collections.abc import Callable, Sequence
from typing import Protocol

from levada_runtime.work.service import Token


class Executor(Protocol):
    """Carries tokens to workers; it may lose or repeat them, since the rows are the truth."""

    def start(self, lost: Callable[[Token], None], freed: Callable[[], None]) -> None:
        """Begin; `lost` is told of each token whose worker is known to have died, `freed` when a worker is free."""
        ...

    def submit(self, tokens: Sequence[Token]) -> None:
        """Wake a worker for each token."""
        ...

    def in_flight(self) -> list[Token]:
        """Return the tokens that workers are at."""
        ...

    def capacity(self) -> int:
        """Return how many tokens could be taken now."""
        ...

    def drain(self, timeout: float) -> None:
        """Take nothing more, let runs reach a page boundary, and stop after `timeout` seconds at the latest."""
        ...
