"""The `graph` of one route: what an author hands over becomes rows, and what cannot be carried is refused."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from types import TracebackType
from typing import Any, Final, Self

from levada._encoding import encode_json
from levada._graph import (
    End,
    Entity,
    EntityLike,
    GraphBatch,
    GraphPort,
    Property,
    Relationship,
    RelationshipLike,
    SyncResult,
    WriteResult,
)
from levada._graph_rows import GraphRows
from levada.errors import BadRecord, ConnectorMistake

PIECE_ROWS: Final = 1_000
PIECE_BYTES: Final = 1 << 20
"""How much of a snapshot is gathered before it is handed on."""
_NOTHING: Final = GraphBatch((), ())
Encode = Callable[[object], bytes]
Placed = tuple[Mapping[str, object], str]
"""A row, and its place in the call."""


class RouteGraph:
    """The `graph` of one route: turns what the author hands over into rows, and refuses what cannot be carried."""

    __slots__ = ("_encode", "_port")

    def __init__(self, port: GraphPort, encode: Encode = encode_json) -> None:
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

    def snapshot(self, *, scope: str | None = None) -> "RouteSnapshot":
        """Say all there is, a piece at a time."""
        _check_scope(scope)
        return RouteSnapshot(self._port, self._encode, scope)

    def _batch(self, call: str, entities: object, relationships: object) -> GraphBatch:
        return _batch(
            self._encode, _entities(f"graph.{call}", entities), _relationships(f"graph.{call}", relationships)
        )


class RouteSnapshot:
    """The `snapshot` of one block: gathers rows into pieces, and keeps all of them or none."""

    __slots__ = ("_encode", "_port", "_rows", "_said", "_scope", "_size", "_spoilt", "_state")

    def __init__(self, port: GraphPort, encode: Encode, scope: str | None) -> None:
        self._port = port
        self._encode = encode
        self._scope = scope
        self._state = "new"
        self._spoilt = False
        self._rows: tuple[list[bytes], list[bytes]] = ([], [])
        self._said = (0, 0)
        self._size = 0

    def entity(
        self,
        kind: str,
        key: str,
        properties: Mapping[str, Property] | None = None,
        *,
        entity_class: str | None = None,
        display_name: str | None = None,
    ) -> Entity:
        """Hand over one entity."""
        entity = Entity(kind, key, properties or {}, entity_class, display_name)
        self.add((entity,))
        return entity

    def relationship(
        self, from_: End, verb: str, to: End, properties: Mapping[str, Property] | None = None
    ) -> Relationship:
        """Hand over one relationship."""
        relationship = Relationship(from_, verb, to, properties or {})
        self.add((), (relationship,))
        return relationship

    def add(self, entities: Iterable[EntityLike] = (), relationships: Iterable[RelationshipLike] = ()) -> None:
        """Hand over some entities and relationships."""
        if self._state != "open":
            raise ConnectorMistake("a snapshot takes something only inside its `with` block")
        try:
            for piece in _pieces(self._encode, entities, relationships, self._said):
                self._gather(piece)
        except BaseException:
            self._spoilt = True
            raise

    def __enter__(self) -> Self:
        if self._state != "new":
            raise ConnectorMistake("a snapshot has one `with` block: ask `graph` for another")
        self._port.snapshot("open", _NOTHING, scope=self._scope)
        self._state = "open"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._state = "left"
        kept = False
        try:
            if kind is None and not self._spoilt:
                self._hand_on()
                kept = True
        finally:
            self._port.snapshot("keep" if kept else "drop", _NOTHING, scope=self._scope)
        if kind is None and self._spoilt:
            raise BadRecord("a piece of the snapshot was refused or never came, so nothing of it is kept")

    def _gather(self, piece: GraphBatch) -> None:
        for rows, fresh in zip(self._rows, (piece.entities, piece.relationships), strict=True):
            rows.extend(fresh)
            self._size += sum(map(len, fresh))
        self._said = self._said[0] + len(piece.entities), self._said[1] + len(piece.relationships)
        if max(map(len, self._rows)) >= PIECE_ROWS or self._size >= PIECE_BYTES:
            self._hand_on()

    def _hand_on(self) -> None:
        rows, self._rows, self._size = self._rows, ([], []), 0
        if any(rows):
            self._port.snapshot("add", GraphBatch(*rows), scope=self._scope)


def _pieces(encode: Encode, entities: object, relationships: object, first: tuple[int, int]) -> Iterator[GraphBatch]:
    """Yield what is handed over as rows, some at a time: an iterator is never held as a whole."""
    given = (_entities("snapshot.add", entities, first[0]), _relationships("snapshot.add", relationships, first[1]))
    for is_edges, placed in enumerate(given):
        while some := list(islice(placed, PIECE_ROWS)):
            yield _batch(encode, *(((), some) if is_edges else (some, ())))


def _batch(encode: Encode, entities: Iterable[Placed], relationships: Iterable[Placed]) -> GraphBatch:
    """Return rows as JSON, or raise BadRecord with everything that is wrong with them."""
    rows = GraphRows()
    wanted = [rows.entity(*row) for row in entities], [rows.relationship(*row) for row in relationships]
    rows.check()
    return GraphBatch(*([encode(row) for row in of_kind] for of_kind in wanted))


def _entities(call: str, given: object, first: int = 0) -> Iterator[Placed]:
    return _placed(call, "entities", given, Entity, _entity_row, first)


def _relationships(call: str, given: object, first: int = 0) -> Iterator[Placed]:
    return _placed(call, "relationships", given, Relationship, _edge_row, first)


def _check_scope(scope: object) -> None:
    if scope is not None and not (isinstance(scope, str) and scope.strip() and scope.isprintable()):
        raise ConnectorMistake(f"the scope of a sync is a printable text such as a region, not {scope!r}")


def _placed(
    call: str, name: str, given: object, kind: type, as_row: Callable[[Any], Mapping[str, object]], first: int
) -> Iterator[Placed]:
    """Yield the mapping of each thing handed over with its place, or raise ConnectorMistake when it can be none."""
    if isinstance(given, str | Mapping | Entity | Relationship) or not isinstance(given, Iterable):
        raise ConnectorMistake(f"{call} takes a list of {name}, not a {type(given).__name__}")
    for index, one in enumerate(given, first):
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
