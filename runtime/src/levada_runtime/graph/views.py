"""Entities and relationships as the command line, the API and events show them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from levada_runtime.graph.comparing import Difference
from levada_runtime.graph.model import Entity, Key, Relationship
from levada_runtime.store.graph_history_model import EntityThen, RelationshipThen

Json = dict[str, Any]


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


def then_view(then: EntityThen, synced_at: datetime | None) -> Json:
    """Return an entity as it stood for a while; of how it still stands also when it was last seen."""
    seen = then.last_written and max(then.last_written, synced_at or then.last_written)
    return {
        "id": then.uid,
        "kind": then.kind,
        "external_id": then.external_id,
        "class": then.class_,
        "display_name": then.display_name,
        "traits": then.traits,
        "first_seen": then.first_seen.isoformat(),
        "last_seen": seen.isoformat() if seen else None,
        "since": then.since.isoformat(),
        "until": then.until.isoformat() if then.until else None,
    }


def relationship_then_view(then: RelationshipThen, keys: Mapping[int, Key]) -> Json:
    """Return a relationship as it stood for a while."""
    (from_type, from_key), (to_type, to_key) = keys[then.from_id], keys[then.to_id]
    return {
        "from_type": from_type,
        "from_key": from_key,
        "verb": then.verb,
        "to_type": to_type,
        "to_key": to_key,
        "properties": then.properties,
        "first_seen": then.first_seen.isoformat(),
        "since": then.since.isoformat(),
        "until": then.until.isoformat() if then.until else None,
    }


def difference_view(difference: Difference, keys: Mapping[int, Key]) -> Json:
    """Return what differs between two moments of one thing."""

    def shown(one: EntityThen | RelationshipThen | None) -> Json | None:
        if one is None:
            return None
        return then_view(one, None) if isinstance(one, EntityThen) else relationship_then_view(one, keys)

    of = difference.after or difference.before
    return {
        "object": "entity" if isinstance(of, EntityThen) else "relationship",
        "change": difference.change,
        "before": shown(difference.before),
        "after": shown(difference.after),
    }
