"""A sync that is held, as a frozen value."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

HeldState = Literal["held", "approved", "discarded", "superseded"]


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A sync that was not applied since it would have taken too much away, and what became of it."""

    org_id: int
    id: str
    source: str
    sync_id: str | None
    run_id: str | None
    state: HeldState
    counts: dict[str, Any]
    """What it would have done when it was held, under `would`, and what it did when it was approved, under `did`."""
    reasons: list[dict[str, Any]]
    held_at: datetime
    decided_at: datetime | None = None
