"""The rows of pipelines and of what they deliver, as frozen values."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class PipelineRow:
    """A pipeline: `version` is the newest that was deployed, and the one that runs."""

    org_id: int
    name: str
    state: str
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PipelineVersionRow:
    """One deployed text of a pipeline."""

    org_id: int
    name: str
    version: int
    definition: str
    deployed_at: datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """One reason why a pipeline could not run on events, and the newest of those events."""

    reason: str
    event: str
    version: int
    at: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class FiguresRow:
    """What a pipeline did so far, over all its versions."""

    org_id: int
    name: str
    events: int = 0
    """Events it ran on."""
    dropped: int = 0
    upserted: int = 0
    enriched: int = 0
    missed: int = 0
    """Entities that were to enrich an event and were not there."""
    failed: int = 0
    """Events on which a step failed; nothing of such a run is kept."""
    looped: int = 0
    """Events left alone because the pipeline itself had caused them."""
    stopped: int = 0
    """Events left alone because a chain of pipelines had become too long."""
    deliveries: int = 0
    unrendered: int = 0
    """Deliveries that were dropped, because something that their destination needs was not in the event."""
    delivered: int = 0
    dead: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)


COUNTED = tuple(one.name for one in fields(FiguresRow) if one.name not in ("org_id", "name", "failures"))


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """What one destination is to be sent for one event, and how far that has come.

    `uid` is its id outside, the `webhook-id` of receivers. `attempts` counts every attempt there ever was, `spent`
    those since it was made or last replayed.
    """

    org_id: int
    connection_id: int
    id: int
    uid: str
    event_id: int
    pipeline: str
    pipeline_version: int
    destination: int
    destination_type: str
    target: str
    subject: str | None
    state: str
    fields: dict[str, Any]
    body: str
    created_at: datetime
    updated_at: datetime
    attempts: int = 0
    spent: int = 0
    reason: str | None = None
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt at a delivery."""

    org_id: int
    connection_id: int
    delivery_id: int
    ordinal: int
    at: datetime
    status: int | None
    latency_ms: int
    excerpt: str | None = None
    error: str | None = None
