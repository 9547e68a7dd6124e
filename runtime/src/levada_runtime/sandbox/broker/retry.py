"""Whether a request is sent again, and after how long; values in, values out."""

import math
from dataclasses import dataclass
from typing import Final

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
TOO_MANY: Final = 429
SERVER_ERROR: Final = 500
_NEVER_CURED_BY_WAITING: Final = frozenset({501, 505})


@dataclass(frozen=True, slots=True)
class Patience:
    """How often one request is sent at most, and how long it may be waited for.

    A wait longer than `longest_wait_s`, or one that would bring the request beyond `budget_s`, is left to the run: it
    ends and is tried again later, instead of holding its worker.
    """

    tries: int = 4
    first_wait_s: float = 0.5
    longest_wait_s: float = 30
    budget_s: float = 90


@dataclass(frozen=True, slots=True)
class Again:
    """Send it again after the wait."""

    wait_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Stop trying; `wait_s` is what the source asked for, if it did."""

    wait_s: float | None


def is_transient(status: int) -> bool:
    """Tell whether a status says: not now."""
    return status == TOO_MANY or (status >= SERVER_ERROR and status not in _NEVER_CURED_BY_WAITING)


def decide(
    patience: Patience, *, tries: int, spent_s: float, asked_s: float | None, jitter: float, left_s: float = math.inf
) -> Again | GiveUp:
    """Decide after a failed try: `tries` so far, `spent_s` on them, `asked_s` by the source; `jitter` is in [0, 1).

    A wait that would outlast the `left_s` that the run still has is not begun.
    """
    wait = _backoff(patience, tries, jitter) if asked_s is None else asked_s
    longest = min(patience.longest_wait_s, patience.budget_s - spent_s)
    if tries >= patience.tries or wait > longest or wait >= left_s:
        return GiveUp(asked_s)
    return Again(wait)


def _backoff(patience: Patience, tries: int, jitter: float) -> float:
    """Double the wait with every try, half of it by chance, so that many callers do not come back together."""
    full = patience.first_wait_s * 2 ** (tries - 1)
    return float(min(full, patience.longest_wait_s) * (0.5 + jitter / 2))
