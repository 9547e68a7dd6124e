"""What a document stands for in the graph, by its contract's projection. Values in, values out."""

from collections.abc import Iterator, Mapping
from typing import Any

from levada.contracts import Contract, End, Link, Projection
from levada_runtime.graph.model import Edge, EntityDraft, Key, RelationshipDraft

Drafts = tuple[list[EntityDraft], list[RelationshipDraft]]
NOTHING: Drafts = ([], [])


def projected(contract: type[Contract] | None, payload: Mapping[str, Any]) -> Drafts:
    """Return the entity and the relationships that a document of this contract stands for."""
    projection = contract.projection if contract else None
    if contract is None or projection is None:
        return NOTHING
    key = payload.get(contract.identity_field) or payload.get("source_id")
    if not key:
        return NOTHING
    own = projection.kind, str(key)
    return [_entity(projection, own, payload)], _relationships(projection, own, payload)


def _entity(projection: Projection, own: Key, payload: Mapping[str, Any]) -> EntityDraft:
    name = payload.get(projection.name) if projection.name else None
    return EntityDraft(*own, projection.class_, name or None, _filled(projection.traits, payload))


def _relationships(projection: Projection, own: Key, payload: Mapping[str, Any]) -> list[RelationshipDraft]:
    found: dict[Edge, RelationshipDraft] = {}
    for link in projection.links:
        if not _holds(link, payload):
            continue
        properties = _filled(link.properties, payload)
        for start in _ends(link.start, own, payload):
            for stop in _ends(link.to, own, payload):
                found.setdefault((start, link.verb, stop), RelationshipDraft(*start, link.verb, *stop, properties))
    return list(found.values())


def _holds(link: Link, payload: Mapping[str, Any]) -> bool:
    if link.when is not None and not _says(payload, *link.when):
        return False
    return link.unless is None or not _says(payload, *link.unless)


def _says(payload: Mapping[str, Any], field: str, words: tuple[str, ...]) -> bool:
    return str(payload.get(field, "")).casefold() in words


def _ends(end: End | None, own: Key, payload: Mapping[str, Any]) -> Iterator[Key]:
    if end is None:
        yield own
        return
    field, _, within = end.field.partition(".")
    rows = payload.get(field) if within else [payload]
    for row in rows or ():
        key = row.get(within or field)
        if key:
            yield end.kind, str(key)


def _filled(fields: tuple[str, ...], payload: Mapping[str, Any]) -> dict[str, Any]:
    return {name: payload[name] for name in fields if payload.get(name) not in (None, "", [])}
