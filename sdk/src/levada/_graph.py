"""Entities and relationships: what a route asserts about the things its source knows and how they hang together."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, Protocol
from uuid import UUID

from levada._encoding import encode_json
from levada._graph_rows import GraphRows
from levada.errors import ConnectorMistake

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
    """What a sync did to this source's part of the graph, or would do: observed, nothing of it is kept."""

    status: Literal["synced", "observed"]
    entities_created: int = 0
    entities_updated: int = 0
    entities_unchanged: int = 0
    entities_deleted: int = 0
    relationships_created: int = 0
    relationships_updated: int = 0
    relationships_unchanged: int = 0
    relationships_deleted: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything was created, updated or deleted."""
        unchanged = (self.entities_unchanged, self.relationships_unchanged)
        return self != SyncResult(self.status, entities_unchanged=unchanged[0], relationships_unchanged=unchanged[1])


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
    Both calls are checked and answered at once and committed with the page: with the next `checkpoint.save`, or when
    the route returns. They raise BadRecord, naming the place, for a class or verb that does not exist, a property
    that is not flat, two unlike assertions of one thing, and an end of a relationship that is neither in the call nor
    in the graph: hand the entity over first, or in the same call.
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


@dataclass(frozen=True, slots=True)
class GraphBatch:
    """What one call hands over: a JSON object for each entity and each relationship, in the order of the call."""

    entities: Sequence[bytes]
    relationships: Sequence[bytes]


class GraphPort(Protocol):
    """What stands behind a route's `graph`: a wire to the runtime, or a memory in a test."""

    def sync(self, batch: GraphBatch, *, scope: str | None) -> SyncResult: ...

    def write(self, batch: GraphBatch) -> WriteResult: ...


class RouteGraph:
    """The `graph` of one route: turns what the author hands over into rows, and refuses what cannot be carried."""

    __slots__ = ("_encode", "_port")

    def __init__(self, port: GraphPort, encode: Callable[[object], bytes] = encode_json) -> None:
        self._port = port
        self._encode = encode

    def sync(
        self,
        entities: Iterable[EntityLike],
        relationships: Iterable[RelationshipLike] = (),
        *,
        scope: str | None = None,
    ) -> SyncResult:
        """Say all there is."""
        _check_scope(scope)
        return self._port.sync(self._batch("sync", entities, relationships), scope=scope)

    def write(self, entities: Iterable[EntityLike], relationships: Iterable[RelationshipLike] = ()) -> WriteResult:
        """Say some of what there is."""
        return self._port.write(self._batch("write", entities, relationships))

    def _batch(self, call: str, entities: object, relationships: object) -> GraphBatch:
        rows = GraphRows()
        wanted = (
            [rows.entity(*row) for row in _placed(call, "entities", entities, Entity, _entity_row)],
            [rows.relationship(*row) for row in _placed(call, "relationships", relationships, Relationship, _edge_row)],
        )
        rows.check()
        return GraphBatch(*([self._encode(row) for row in of_kind] for of_kind in wanted))


def _check_scope(scope: object) -> None:
    if scope is not None and not (isinstance(scope, str) and scope.strip() and scope.isprintable()):
        raise ConnectorMistake(f"the scope of a sync is a printable text such as a region, not {scope!r}")


def _placed(
    call: str, name: str, given: object, kind: type, as_row: Callable[[Any], Mapping[str, object]]
) -> Iterator[tuple[Mapping[str, object], str]]:
    """Yield the mapping of each thing handed over with its place, or raise ConnectorMistake when it can be none."""
    if isinstance(given, str | Mapping | Entity | Relationship) or not isinstance(given, Iterable):
        raise ConnectorMistake(f"graph.{call} takes a list of {name}, not a {type(given).__name__}")
    for index, one in enumerate(given):
        place = f"{name}[{index}]"
        if isinstance(one, kind):
            yield as_row(one), place
        elif isinstance(one, Mapping):
            yield one, place
        else:
            raise ConnectorMistake(
                f"{place} is a {type(one).__name__}: hand over levada.{kind.__name__} values or mappings"
            )


def _entity_row(entity: Entity) -> Mapping[str, object]:
    named = {"entity_class": entity.entity_class, "display_name": entity.display_name}
    return {
        "entity_type": entity.kind,
        "entity_key": entity.key,
        **{name: value for name, value in named.items() if value is not None},
        "properties": entity.properties,
    }


def _edge_row(edge: Relationship) -> Mapping[str, object]:
    row: dict[str, object] = {"verb": edge.verb, "properties": edge.properties}
    ends: tuple[tuple[str, Any], ...] = (("from", edge.from_), ("to", edge.to))
    for side, end in ends:
        if not isinstance(end, tuple) or len(end) != 2:
            raise ConnectorMistake(f"an end of a relationship is an Entity or its (kind, key), not {end!r}")
        row[f"{side}_type"], row[f"{side}_key"] = end
    return row
