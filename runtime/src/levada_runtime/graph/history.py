"""What becomes of how things stood: when a thing changes for those who read it, how it stood until then is kept.

What only its claims tell apart is no change, and what is new has no past.
"""

from levada_runtime.graph.diff import Changes
from levada_runtime.graph.merge import same
from levada_runtime.store.graph_history_model import EntityIntervalRow, RelationshipIntervalRow
from levada_runtime.store.unit_of_work import UnitOfWork


def keep(uow: UnitOfWork, org_id: int, changes: Changes) -> None:
    """Keep how things stood that these changes leave behind."""
    uow.graph_history.keep_entities(org_id, entities_left(changes))
    uow.graph_history.keep_relationships(org_id, relationships_left(changes))


def entities_left(changes: Changes) -> list[EntityIntervalRow]:
    """Return how the entities stood that readers see change or go."""
    return [
        EntityIntervalRow(
            entity_id=one.state.id,
            since=one.stood,
            until=one.state.since,
            class_=one.before.class_,
            display_name=one.before.display_name,
            traits=one.before.traits,
            first_seen=one.before.first_seen,
        )
        for one in changes.entities
        if one.before is not None and one.happened
    ]


def relationships_left(changes: Changes) -> list[RelationshipIntervalRow]:
    """Return how the relationships stood that change or go; whether their ends were there is told of the ends."""
    return [
        RelationshipIntervalRow(
            relationship_id=one.state.id,
            since=one.stood,
            until=one.state.since,
            from_id=one.state.from_id,
            verb=one.state.verb,
            to_id=one.state.to_id,
            properties=one.before,
            first_seen=one.state.first_seen,
        )
        for one in changes.relationships
        if one.before is not None and not same(one.before, one.after)
    ]
