"""What an observed run would do to the graph: each entity and relationship before and after all of it."""

from typing import Any

from levada_runtime.graph.diff import Changes
from levada_runtime.graph.merge import same
from levada_runtime.graph.model import Edge, Entity, Key

Seen = dict[str, Any] | None


class GraphEffects:
    """The graph's changes of an observed run, added up: what came and went again within it is none."""

    def __init__(self) -> None:
        self.entities: dict[Key, tuple[Seen, Seen]] = {}
        self.relationships: dict[Edge, tuple[Seen, Seen]] = {}

    def add(self, changes: Changes) -> None:
        """Add what one call would do."""
        for entity in changes.entities:
            before, after = _seen(entity.before), _seen(entity.after)
            first, _ = self.entities.get(entity.state.key, (before, None))
            self.entities[entity.state.key] = first, after
        for relationship in changes.relationships:
            first, _ = self.relationships.get(relationship.edge, (_properties(relationship.before), None))
            self.relationships[relationship.edge] = first, _properties(relationship.after)


def outcome_of(before: Seen, after: Seen) -> str:
    """Return what readers of the graph would notice."""
    if before is None or after is None:
        return "unchanged" if before is after else "created" if before is None else "deleted"
    return "unchanged" if same(before, after) else "updated"


def _seen(entity: Entity | None) -> Seen:
    if entity is None:
        return None
    return {"class": entity.class_, "display_name": entity.display_name, "traits": entity.traits}


def _properties(properties: dict[str, Any] | None) -> Seen:
    return None if properties is None else {"properties": properties}
