"""Entities as the command line, the API and events show them."""

from typing import Any

from levada_runtime.graph.model import Entity


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
