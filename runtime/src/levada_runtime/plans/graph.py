"""What an observed run would do to the graph: each entity and relationship before and after all of it.

What the run itself asserted is kept apart from what pipelines would make of it: it is what a plan is applied by, while
pipelines will have their say again when that comes about.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from levada_runtime.graph.diff import Changes, EntityChange, RelationshipChange
from levada_runtime.graph.guard import Held
from levada_runtime.graph.merge import same
from levada_runtime.graph.model import Edge, Entity, EntityDraft, Key, RelationshipDraft
from levada_runtime.graph.operations import Operation, Sync, Write

Seen = dict[str, Any] | None
Place = Key | Edge
Change = tuple[Seen, Seen]
"""(before, after)"""
_NOWHERE: Change = (None, None)


class GraphEffects:
    """The graph's changes of an observed run, added up: what came and went again within it is none."""

    def __init__(self) -> None:
        self.entities: dict[Key, Change] = {}
        self.relationships: dict[Edge, Change] = {}
        self.operations: list[dict[str, Any]] = []
        self.held: list[Held] = []
        """The run's own syncs that would be held: nothing would come of them before somebody decides."""
        self.own: dict[Place, Change] = {}
        """What the run itself asserted, pipelines apart."""

    def add(self, changes: Changes) -> None:
        """Add what one call would do."""
        for entity in changes.entities:
            before, after = _views(entity)
            first, _ = self.entities.get(entity.state.key, (before, None))
            self.entities[entity.state.key] = first, after
        for relationship in changes.relationships:
            before, after = _views(relationship)
            first, _ = self.relationships.get(relationship.edge, (before, None))
            self.relationships[relationship.edge] = first, after

    def settled(self) -> Iterable[tuple[Edge, Change]]:
        """Yield the relationships' changes as they stand after everything: one whose end came later is not pending."""
        for edge, (before, after) in self.relationships.items():
            if after is None or "awaits" not in after:
                yield edge, (before, after)
                continue
            awaits = [end for end in after["awaits"] if self.entities.get((end[0], end[1]), _NOWHERE)[1] is None]
            still = {"awaits": awaits} if awaits else {}
            yield edge, (before, {"properties": after["properties"], **still})

    def take(self, operation: Operation, changes: Changes) -> None:
        """Add what a call of the run itself would do, and keep it so that it can be done."""
        if changes.held is not None:
            self.held.append(changes.held)
            return
        self.add(changes)
        sum_up(self.own, changes)
        if isinstance(operation, Sync | Write):
            self.operations.append(_kept(operation, changes))


def sum_up(total: dict[Place, Change], changes: Changes) -> None:
    """Add an operation's changes to what earlier ones came to."""
    for place, before, after in places(changes):
        first, _ = total.get(place, (before, None))
        total[place] = first, after


def places(changes: Changes) -> Iterable[tuple[Place, Seen, Seen]]:
    """Yield everything that an operation changes, as readers see it before and after."""
    for entity in changes.entities:
        yield entity.state.key, *_views(entity)
    for relationship in changes.relationships:
        yield relationship.edge, *_views(relationship)


def outcome_of(before: Seen, after: Seen) -> str:
    """Return what readers of the graph would notice."""
    if before is None or after is None:
        return "unchanged" if before is after else "created" if before is None else "deleted"
    return "unchanged" if same(before, after) else "updated"


def spell(place: Place) -> dict[str, Any]:
    """Return an entity or a relationship as a plan names it."""
    if len(place) == 2:
        return {"kind": place[0], "key": place[1]}
    return {"from": list(place[0]), "verb": place[1], "to": list(place[2])}


def bases(own: Mapping[Place, Change]) -> list[dict[str, Any]]:
    """Return what the run's own assertions were decided against, and what they come to."""
    return [{**spell(place), "before": before, "after": after} for place, (before, after) in own.items()]


def _kept(operation: Sync | Write, changes: Changes) -> dict[str, Any]:
    """Return a call as a plan keeps it: all that a write says; of a sync only what differs from before."""
    if isinstance(operation, Write):
        entities, relationships = operation.batch.entities.values(), operation.batch.relationships.values()
        return {
            "op": "write",
            "source": operation.source,
            "entities": [_entity(draft) for draft in entities],
            "relationships": [_relationship(draft) for draft in relationships],
        }
    said = operation.batch
    return {
        "op": "sync",
        "source": operation.source,
        "entities": [_entity(said.entities[one.state.key]) for one in changes.entities if not one.claims.dropped],
        "relationships": [
            _relationship(said.relationships[one.edge]) for one in changes.relationships if not one.claims.dropped
        ],
        "gone": [spell(one.state.key) for one in changes.entities if one.claims.dropped],
        "parted": [spell(one.edge) for one in changes.relationships if one.claims.dropped],
    }


def _entity(draft: EntityDraft) -> dict[str, Any]:
    return {
        "entity_type": draft.kind,
        "entity_key": draft.external_id,
        "entity_class": draft.class_,
        "display_name": draft.display_name,
        "properties": draft.traits,
    }


def _relationship(draft: RelationshipDraft) -> dict[str, Any]:
    return {
        "from_type": draft.from_kind,
        "from_key": draft.from_key,
        "verb": draft.verb,
        "to_type": draft.to_kind,
        "to_key": draft.to_key,
        "properties": draft.properties,
    }


def _views(change: EntityChange | RelationshipChange) -> tuple[Seen, Seen]:
    if isinstance(change, EntityChange):
        return _seen(change.before), _seen(change.after)
    after = _properties(change.after)
    if after is not None and change.awaits:
        after["awaits"] = [list(end) for end in change.awaits]
    return _properties(change.before), after


def _seen(entity: Entity | None) -> Seen:
    if entity is None:
        return None
    return {"class": entity.class_, "display_name": entity.display_name, "traits": entity.traits}


def _properties(properties: dict[str, Any] | None) -> Seen:
    return None if properties is None else {"properties": properties}
