"""The graph's rows that other floors see, as frozen values."""

from datetime import datetime
from typing import Any, NamedTuple


class EntityRow(NamedTuple):
    """An entity: what its claims add up to. One that nobody claims any longer keeps its id, and nothing else."""

    id: int
    uid: str
    kind: str
    external_id: str
    class_: str
    display_name: str
    traits: dict[str, Any]
    first_seen: datetime
    last_written: datetime
    deleted_at: datetime | None
    since: datetime
    """Since when it is as it is now, or gone."""


class EntityClaimRow(NamedTuple):
    """What one source says of one entity."""

    source: str
    entity_id: int
    class_: str | None
    display_name: str | None
    traits: dict[str, Any]
    stamp: int
    asserted: dict[str, int]
    run_id: str | None


class RelationshipRow(NamedTuple):
    """A relationship that somebody claims; it is hidden while one of its ends is not there."""

    id: int
    from_id: int
    verb: str
    to_id: int
    properties: dict[str, Any]
    first_seen: datetime
    last_written: datetime
    since: datetime
    """Since when it is as it is now, its ends apart."""


class RelationshipClaimRow(NamedTuple):
    """What one source says of one relationship."""

    source: str
    relationship_id: int
    properties: dict[str, Any]
    stamp: int
    asserted: dict[str, int]
    run_id: str | None
