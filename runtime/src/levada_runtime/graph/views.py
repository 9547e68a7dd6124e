"""Entities and relationships as the command line, the API and events show them."""

from typing import Any

from levada_runtime.graph.model import Entity, Relationship


def entity_view(entity: Entity) -> dict[str, Any]:
    """Return an entity's row."""
    return {
        "id": entity.id,
        "kind": entity.kind,
        "external_id": entity.external_id,
        "class": entity.class_,
        "display_name": entity.display_name,
        "traits": entity.traits,
        "first_seen": entity.first_seen.isoformat(),
        "last_seen": entity.last_seen.isoformat(),
    }


def relationship_view(relationship: Relationship) -> dict[str, Any]:
    """Return a relationship's row, in the words in which it was sent."""
    (from_type, from_key), verb, (to_type, to_key) = relationship.edge
    return {
        "from_type": from_type,
        "from_key": from_key,
        "verb": verb,
        "to_type": to_type,
        "to_key": to_key,
        "properties": relationship.properties,
        "first_seen": relationship.first_seen.isoformat(),
    }
