"""What follows from the way an attempt at a delivery ended. Values in, values out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

SUCCESSFUL = range(200, 300)
_REDIRECTING = range(300, 400)
_REFUSING = range(400, 500)
_PASSING = frozenset({408, 425, 429})
_LONGEST_WAIT = timedelta(days=7)

Ending = Literal["delivered", "failed", "refused"]
"""It arrived; it did not, but may the next time; it did not and never will."""


@dataclass(frozen=True, slots=True)
class Sent:
    """How one attempt ended: `reason` says why it did not arrive, `excerpt` what the far side answered."""

    ending: Ending
    status: int | None = None
    reason: str | None = None
    excerpt: str | None = None
    asked_s: float | None = None
    """How long the far side asked to be left alone."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a delivery is tried, and how long is waited after each attempt; the last wait repeats."""

    attempts: int = 5
    steps: Sequence[timedelta] = (
        timedelta(seconds=30),
        timedelta(minutes=2),
        timedelta(minutes=10),
        timedelta(hours=1),
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state a delivery is in after an attempt, why, and when it is tried again if it is."""

    state: Literal["delivered", "retrying", "dead"]
    reason: str | None = None
    next_at: datetime | None = None


def read_answer(status: int, *, asked_s: float | None = None, excerpt: str | None = None) -> Sent:
    """Say what an answer's status means for a delivery."""
    if status in SUCCESSFUL:
        return Sent("delivered", status, None, excerpt)
    if status in _REDIRECTING:
        return Sent("refused", status, f"it answered {status}, a redirect, which is not followed", excerpt)
    ending: Ending = "refused" if status in _REFUSING and status not in _PASSING else "failed"
    return Sent(ending, status, f"it answered {status}", excerpt, asked_s)


def judge(sent: Sent, *, spent: int, patience: Patience, now: datetime) -> Verdict:
    """Decide what becomes of a delivery after attempt number `spent`.

    What the far side asked for takes the place of the next step, be it shorter or longer.
    """
    if sent.ending == "delivered":
        return Verdict("delivered")
    if sent.ending == "refused":
        return Verdict("dead", sent.reason)
    if spent >= patience.attempts:
        times = "once" if spent == 1 else f"{spent} times"
        return Verdict("dead", f"{sent.reason}; it was tried {times}")
    step = patience.steps[min(spent, len(patience.steps)) - 1]
    wait = step if sent.asked_s is None else timedelta(seconds=min(sent.asked_s, _LONGEST_WAIT.total_seconds()))
    return Verdict("retrying", sent.reason, now + wait)
