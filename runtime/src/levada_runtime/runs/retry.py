"""What follows from the way an attempt ended. Values in, values out."""

import random
from dataclasses import dataclass
from datetime import timedelta

RETRIED = frozenset({"source_unavailable", "rate_limited", "timeout", "oom", "crash", "worker_lost"})
_FIRST_PAUSE_S = 5.0
_LONGEST_PAUSE_S = 900.0
_LONGEST_WAIT_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an attempt is followed by another, and after how long."""

    again: bool
    pause: timedelta = timedelta()
    counts: bool = True
    """Whether the attempt used up one of those allowed."""


def judge(
    reason: str, *, retryable: bool, wait: float | None, attempt: int, allowed: int, rng: random.Random
) -> Verdict:
    """Decide whether attempt number `attempt` of `allowed` is followed by another.

    An interrupted one always is. A connector's own error is tried once more when it may pass; mistakes, refusals of a
    key, policy and limits never are. `wait` is what the source asked for, in seconds.
    """
    if reason == "interrupted":
        return Verdict(again=True, counts=False)
    tries = allowed if reason in RETRIED else min(allowed, 2) if reason == "connector_error" and retryable else 1
    if attempt >= tries:
        return Verdict(again=False)
    pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (attempt - 1)) * rng.uniform(0.5, 1.0)
    return Verdict(again=True, pause=timedelta(seconds=max(pause, min(wait or 0.0, _LONGEST_WAIT_S))))
