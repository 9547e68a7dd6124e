"""How the rows of a large batch are packed into parts, and unpacked again: entities first, then relationships.

A row is spelt in one way only, so that two rows that say the same are the same bytes.
"""

import zlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson

from levada_runtime.graph.model import EntityDraft, RelationshipDraft

PART_ROWS: Final = 2_500
PART_BYTES: Final = 4 << 20
"""How much a part holds at most, before it is packed."""
RELATIONSHIPS: Final = 1 << 40
"""The ordinal of the first part with relationships; those before hold entities."""
_LIGHTLY: Final = 1


def spell_entity(draft: EntityDraft) -> bytes:
    """Return an entity's row."""
    return _spelt([draft.kind, draft.external_id, draft.class_, draft.display_name, draft.traits])


def spell_relationship(draft: RelationshipDraft) -> bytes:
    """Return a relationship's row."""
    return _spelt([draft.from_kind, draft.from_key, draft.verb, draft.to_kind, draft.to_key, draft.properties])


def pack(rows: Sequence[bytes]) -> bytes:
    """Return a part that holds these rows."""
    return zlib.compress(b"[%b]" % b",".join(rows), _LIGHTLY)


def entities_in(part: bytes, places: Iterable[int] | None = None) -> list[EntityDraft]:
    """Return the entities that a part holds, or those at some places of it."""
    rows = _unpacked(part)
    return [EntityDraft(*row) for row in (rows if places is None else map(rows.__getitem__, places))]


def relationships_in(part: bytes) -> list[RelationshipDraft]:
    """Return the relationships that a part holds."""
    return [RelationshipDraft(*row) for row in _unpacked(part)]


def _spelt(row: list[Any]) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)


def _unpacked(part: bytes) -> list[list[Any]]:
    rows: list[list[Any]] = orjson.loads(zlib.decompress(part))
    return rows
