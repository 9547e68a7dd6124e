"""Entities and relationships: what a route asserts about the things its source knows and how they hang together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from types import TracebackType
from typing import Final, Literal, Protocol, Self
from uuid import UUID

Property = str | bool | int | float | Decimal | date | UUID | Enum | Sequence[str] | None
"""A flat value: null, a boolean, a number, a text, or a list of texts. Decimals and times are written as texts."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing the source knows: a host, a user, an account.

    `kind` and `key` are its identity in the organisation, so two connectors that name the same kind and key speak of
    the same entity. `kind` is snake_case (`host`), `key` the source's own unique key. Without a class it is of the
    kind's own (`user` is a User) or Generic; without a display name it shows its key.
    """

    kind: str
    key: str
    properties: Mapping[str, Property] = field(default_factory=dict, hash=False)
    entity_class: str | None = None
    display_name: str | None = None

    @property
    def ref(self) -> tuple[str, str]:
        """The entity's kind and key, which is how a relationship names it."""
        return self.kind, self.key


End = Entity | tuple[str, str]
"""An end of a relationship: an entity, or its kind and key."""


@dataclass(frozen=True, slots=True)
class Relationship:
    """How one entity relates to another: `Relationship(host, "RUNS", service)`.

    An end is an `Entity` or its `(kind, key)`; it is kept as the latter. There is one relationship of a verb between
    two entities, with flat properties of its own.
    """

    from_: End
    verb: str
    to: End
    properties: Mapping[str, Property] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for name in ("from_", "to"):
            end = getattr(self, name)
            if isinstance(end, Entity):
                object.__setattr__(self, name, end.ref)


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync did to this source's part of the graph, or would do: observed, nothing of it is kept.

    A sync that would delete too much of what this source asserted before is `held`: it changes nothing until somebody
    has looked at it, since a reading that was cut short looks like that, and the run ends as partial. The counters tell
    what it would have done.
    """

    status: Literal["synced", "observed", "held"]
    entities_created: int = 0
    entities_updated: int = 0
    entities_unchanged: int = 0
    entities_deleted: int = 0
    relationships_created: int = 0
    relationships_updated: int = 0
    relationships_unchanged: int = 0
    relationships_deleted: int = 0
    relationships_pending: int = 0
    """How many of those that were handed over wait for an end that is not there yet."""

    @property
    def changed(self) -> bool:
        """Whether anything was created, updated or deleted; nothing is by a sync that is held."""
        entities = self.entities_created or self.entities_updated or self.entities_deleted
        relationships = self.relationships_created or self.relationships_updated or self.relationships_deleted
        return self.status != "held" and bool(entities or relationships)


@dataclass(frozen=True, slots=True)
class WriteResult:
    """How much was written: everything that was handed over, whether or not it said anything new."""

    status: Literal["written", "observed"]
    entities_written: int = 0
    relationships_written: int = 0


EntityLike = Entity | Mapping[str, object]
"""An entity, or a mapping of `entity_type`, `entity_key`, `entity_class`, `display_name` and `properties`."""
RelationshipLike = Relationship | Mapping[str, object]
"""A relationship, or a mapping of `from_type`, `from_key`, `verb`, `to_type`, `to_key` and `properties`."""


class Graph(Protocol):
    """Asserts entities and relationships of the source in the organisation's shared graph.

    What a stream asserts stays its own: no call changes or deletes what another stream, connector or caller asserted.
    Calls are checked and answered at once and committed with the page: with the next `checkpoint.save`, or when
    the route returns. They raise BadRecord, naming the place, for a class or verb that does not exist, a property
    that is not flat, and two unlike assertions of one thing. A relationship with an end that nobody has asserted yet
    is kept pending, and joins the graph when the end appears.
    """

    def sync(
        self,
        entities: Iterable[EntityLike],
        relationships: Iterable[RelationshipLike] = (),
        *,
        scope: str | None = None,
    ) -> SyncResult:
        """Say all there is: what this stream asserted before and does not now is deleted.

        Call it only with a complete reading of the source. `scope` narrows it to one part (a region, an account): what
        was asserted under another scope, or under none, is left alone.
        """
        ...

    def write(self, entities: Iterable[EntityLike], relationships: Iterable[RelationshipLike] = ()) -> WriteResult:
        """Say some of what there is: properties merge into those this stream asserted before, and nothing is deleted.

        What is written counts as asserted by the stream without a scope, so a later `sync` of the same stream deletes
        what it does not repeat: a stream either syncs or writes.
        """
        ...

    def snapshot(self, *, scope: str | None = None) -> "Snapshot":
        """Say all there is, a piece at a time: `with graph.snapshot() as snapshot:`, for what is too much for one sync.

        One snapshot is open at a time. What it came to is counted in the run, once it is committed.
        """
        ...


class Snapshot(Protocol):
    """All that the source knows, or all of a scope of it, handed over piece by piece.

    Leaving the block keeps it: it is committed with the next `checkpoint.save`, or when the route returns, and what
    this stream asserted before and did not now is deleted. Leaving the block by an exception keeps nothing, and nor
    does a run that ends inside: a reading that was cut short deletes nothing. Inside, `checkpoint.save` is a
    ConnectorMistake; everything else goes on as ever.

    A piece that is refused raises BadRecord, at once or with a later piece, and the whole snapshot is refused with it
    even if the error is caught: what is missing must not count as deleted. What is said twice in the same words is said
    once; two unlike assertions of one thing are refused.
    """

    def entity(
        self,
        kind: str,
        key: str,
        properties: Mapping[str, Property] | None = None,
        *,
        entity_class: str | None = None,
        display_name: str | None = None,
    ) -> Entity:
        """Hand over one entity, and return it: an end for relationships."""
        ...

    def relationship(
        self, from_: End, verb: str, to: End, properties: Mapping[str, Property] | None = None
    ) -> Relationship:
        """Hand over one relationship."""
        ...

    def add(self, entities: Iterable[EntityLike] = (), relationships: Iterable[RelationshipLike] = ()) -> None:
        """Hand over some entities and relationships, such as a page of the source."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class GraphBatch:
    """What one call hands over: a JSON object for each entity and each relationship, in the order of the call."""

    entities: Sequence[bytes]
    relationships: Sequence[bytes]


SnapshotStep = Literal["open", "add", "keep", "drop"]
OPEN_TWICE: Final = "a snapshot is open already: leave its block before you open another"
SAVED_INSIDE: Final = "checkpoint.save stands inside a snapshot: save once its block is left, and both are committed"


class GraphPort(Protocol):
    """What stands behind a route's `graph`: a wire to the runtime, or a memory in a test."""

    def sync(self, batch: GraphBatch, *, scope: str | None) -> SyncResult: ...

    def write(self, batch: GraphBatch) -> WriteResult: ...

    def snapshot(self, step: SnapshotStep, batch: GraphBatch, *, scope: str | None) -> None:
        """Open a snapshot, add to the one that is open, or end it: keep it, or drop it."""
        ...
