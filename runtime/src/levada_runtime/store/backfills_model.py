"""Backfills as other floors see them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class BackfillRow:
    """A span of a stream's past that is read slice by slice."""

    org_id: int
    connection_id: int
    id: str
    stream: str
    state: str
    """`running`, and then `succeeded`, `partial`, `failed` or `cancelled`."""
    begins_at: datetime
    ends_at: datetime
    """Half-open: the end does not belong to it."""
    slice: str
    """The length of one slice, an ISO 8601 duration."""
    slices: int
    entered: int
    """How many slices, from the first, have had a run."""
    parallel: int
    """How many slices may be under way at once."""
    created_at: datetime
    begun_at: datetime
    """When it was begun, or last taken up again: what failed before that is entered once more."""
    cancel_requested_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SliceRow:
    """The last run of one slice."""

    id: str
    window_from: datetime
    window_until: datetime
    state: str
    reason: str | None
    error: dict[str, Any] | None
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill has come: its slices by the state of their last run, and what all its runs came to."""

    states: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many records came to what."""
    pages: int = 0
    http_requests: int = 0
    http_bytes: int = 0
