"""The rows of a child's `graph` calls as drafts; what no honest child sends is a violation of the protocol."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from levada_runtime.graph.model import EntityDraft, RelationshipDraft
from levada_runtime.sandbox.protocol import ProtocolError

Property = None | bool | int | float | str | list[str]


class EntityRow(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An entity in the field names of the HTTP API."""

    entity_type: str
    entity_key: str
    entity_class: str | None = None
    display_name: str | None = None
    properties: dict[str, Property] = {}


class RelationshipRow(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A relationship in the field names of the HTTP API."""

    from_type: str
    from_key: str
    verb: str
    to_type: str
    to_key: str
    properties: dict[str, Property] = {}


Row = TypeVar("Row", EntityRow, RelationshipRow)

_entities: msgspec.json.Decoder[EntityRow] = msgspec.json.Decoder(EntityRow)
_relationships: msgspec.json.Decoder[RelationshipRow] = msgspec.json.Decoder(RelationshipRow)


def entity_drafts(rows: Sequence[bytes]) -> list[EntityDraft]:
    """Return what rows say of entities. Raises ProtocolError."""
    return [
        EntityDraft(row.entity_type, row.entity_key, row.entity_class, row.display_name, dict(row.properties))
        for row in _decoded(_entities, rows)
    ]


def relationship_drafts(rows: Sequence[bytes]) -> list[RelationshipDraft]:
    """Return what rows say of relationships. Raises ProtocolError."""
    return [
        RelationshipDraft(row.from_type, row.from_key, row.verb, row.to_type, row.to_key, dict(row.properties))
        for row in _decoded(_relationships, rows)
    ]


def _decoded(decoder: "msgspec.json.Decoder[Row]", rows: Sequence[bytes]) -> list[Row]:
    try:
        return [decoder.decode(row) for row in rows]
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ProtocolError(f"a frame holds what is no row of the graph: {error}") from None
