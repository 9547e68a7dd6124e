"""What is asked of the work rows before any of them is taken."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DueWork:
    """A piece of work whose turn it is, as far as could be seen without taking it.

    Its priority is what it has come to: what has waited for long is as urgent as anything.
    """

    id: int
    org_id: int
    kind: str
    priority: int
    not_before: datetime


@dataclass(frozen=True, slots=True)
class WorkInFlight:
    """How many pieces of work of one organisation and kind an owner is at."""

    org_id: int
    kind: str
    owner: str
    count: int


@dataclass(frozen=True, slots=True)
class WaitingWork:
    """How many lines of a kind have work that nobody has taken although it is due, and since when the oldest is."""

    kind: str
    lines: int
    oldest_at: datetime
