"""How things of the graph stood for a while, and edges as walks follow them, as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class EntityIntervalRow:
    """How an entity stood from `since` up to, and without, `until`."""

    entity_id: int
    since: datetime
    until: datetime
    class_: str
    display_name: str
    traits: dict[str, Any]
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class RelationshipIntervalRow:
    """How a relationship stood from `since` up to, and without, `until`."""

    relationship_id: int
    since: datetime
    until: datetime
    from_id: int
    verb: str
    to_id: int
    properties: dict[str, Any]
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class EntityThen:
    """An entity as it stood at a moment; `until` is None where it still stands, `last_written` where it does not."""

    id: int
    uid: str
    kind: str
    external_id: str
    class_: str
    display_name: str
    traits: dict[str, Any]
    first_seen: datetime
    since: datetime
    until: datetime | None
    last_written: datetime | None


@dataclass(frozen=True, slots=True)
class RelationshipThen:
    """A relationship as it stood at a moment, with both of its ends there."""

    id: int
    from_id: int
    verb: str
    to_id: int
    properties: dict[str, Any]
    first_seen: datetime
    since: datetime
    until: datetime | None

    @property
    def triple(self) -> tuple[int, str, int]:
        return self.from_id, self.verb, self.to_id
