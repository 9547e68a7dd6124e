"""What goes into the graph and what comes out of it, as frozen values."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

Key = tuple[str, str]
"""(kind, external id)"""
Edge = tuple[Key, str, Key]
"""(from, verb, to)"""
Code = Literal["InvalidRequest", "InvalidEntityClass", "InvalidRelationshipVerb", "DanglingRelationship"]

WRITE = "write"
REST = "rest"
CONNECTION = "connection:"
"""What the sources begin with that are streams of connections."""


@dataclass(frozen=True, slots=True)
class EntityDraft:
    """What a source says of an entity; a class or display name it does not give, it does not claim."""

    kind: str
    external_id: str
    class_: str | None = None
    display_name: str | None = None
    traits: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return self.kind, self.external_id


@dataclass(frozen=True, slots=True)
class RelationshipDraft:
    """What a source says of a relationship, which has neither class nor name; its properties are its traits."""

    from_kind: str
    from_key: str
    verb: str
    to_kind: str
    to_key: str
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def class_(self) -> None:
        return None

    @property
    def display_name(self) -> None:
        return None

    @property
    def traits(self) -> dict[str, Any]:
        return self.properties

    @property
    def edge(self) -> Edge:
        return (self.from_kind, self.from_key), self.verb, (self.to_kind, self.to_key)


@dataclass(frozen=True, slots=True)
class SyncCounts:
    """What a sync did to its source's claims, how many of its relationships wait for an end, and whether it is held."""

    entities_created: int = 0
    entities_updated: int = 0
    entities_unchanged: int = 0
    entities_deleted: int = 0
    relationships_created: int = 0
    relationships_updated: int = 0
    relationships_unchanged: int = 0
    relationships_deleted: int = 0
    relationships_pending: int = 0
    held: int = 0

    def done(self) -> dict[str, int]:
        """Return the eight counters of what was done."""
        return {name: count for name, count in asdict(self).items() if name not in ("relationships_pending", "held")}

    def plus(self, more: "SyncCounts") -> "SyncCounts":
        """Return these and others as one."""
        fresh = asdict(more)
        return SyncCounts(**{name: count + fresh[name] for name, count in asdict(self).items()})


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity as readers see it: everything that is claimed of it, added up."""

    id: str
    kind: str
    external_id: str
    class_: str
    display_name: str
    traits: dict[str, Any]
    first_seen: datetime
    last_seen: datetime


Entities = list[Entity]


@dataclass(frozen=True, slots=True)
class Relationship:
    """A relationship as readers see it; one with an end that is gone they do not see."""

    edge: Edge
    properties: dict[str, Any]
    first_seen: datetime


Relationships = list[Relationship]


class GraphRefusal(Exception):  # noqa: N818 - not a fault of the runtime's but its answer, which callers spell out
    """The graph refuses what was asked of it, as a whole; nothing was written.

    `details` lists everything that is wrong, each with its `path` in the request and its `message`.
    """

    def __init__(self, code: Code, message: str, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details or []
