"""Writing what an operation changed, with the events that tell of it, in somebody's unit of work."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from levada_runtime.foundation.ids import row_id, row_ids
from levada_runtime.graph import history
from levada_runtime.graph.diff import Changes, EntityChange, RelationshipChange
from levada_runtime.graph.held import supersede
from levada_runtime.graph.model import CONNECTION
from levada_runtime.graph.operations import spell_key
from levada_runtime.graph.picture import EntityState
from levada_runtime.graph.undo import undo_of
from levada_runtime.graph.views import entity_view
from levada_runtime.graph.vocabulary import GENERIC
from levada_runtime.store.graph_model import EntityClaimRow, EntityRow, RelationshipClaimRow, RelationshipRow
from levada_runtime.store.model import EventRow
from levada_runtime.store.unit_of_work import UnitOfWork
from levada_runtime.work.outbox import NO_CONNECTION, publish


def write(
    uow: UnitOfWork, org_id: int, changes: Changes, at: datetime, cause: dict[str, Any] | None, run_id: str | None
) -> None:
    """Write all of it, many rows a statement; what a run changed is kept so that it can be undone."""
    uow.graph.add_entities(org_id, [_awaited_row(one) for one in changes.awaited])
    _write_entities(uow, org_id, changes.entities, at)
    _write_relationships(uow, org_id, changes.relationships)
    history.keep(uow, org_id, changes)
    if changes.synced is not None:
        supersede(uow, org_id, changes.synced.source, at)
        uow.graph.keep_sync(org_id, changes.synced.source, changes.synced.sync_id, changes.synced.at)
    uow.graph_claims.count_change(org_id, _snapshots_of(changes.entities))
    events = _events(org_id, changes.entities, at, cause)
    publish(uow, events)
    if run_id is not None and (changes.entities or changes.relationships):
        uow.graph.keep_undo(org_id, run_id, row_id(), undo_of(changes, [event.id for event in events]))


def _write_entities(uow: UnitOfWork, org_id: int, changes: Sequence[EntityChange], at: datetime) -> None:
    uow.graph.add_entities(org_id, [_entity_row(one, at) for one in changes if not one.stored])
    uow.graph.change_entities(org_id, [_entity_row(one, at) for one in changes if one.stored])
    dropped = [(source, one.state.id) for one in changes for source in one.claims.dropped]
    uow.graph.drop_claims(org_id, dropped)
    uow.graph.add_claims(org_id, [_claim_row(one) for one in changes if one.claims.new])
    kept = [one for one in changes if one.claims.claim is not None and not one.claims.new]
    uow.graph.change_claims(org_id, [_claim_row(one) for one in kept])


def _snapshots_of(changes: Sequence[EntityChange]) -> list[str]:
    """Return whose claims on entities change, of those that take snapshots."""
    touched = {one.claims.source for one in changes if one.claims.claim is not None}
    touched.update(source for one in changes for source in one.claims.dropped)
    return sorted(source for source in touched if source and source.startswith(CONNECTION))


def _write_relationships(uow: UnitOfWork, org_id: int, changes: Sequence[RelationshipChange]) -> None:
    there = [one for one in changes if one.after is not None]
    uow.graph.add_relationships(org_id, [_relationship_row(one) for one in there if not one.stored])
    uow.graph.change_relationships(org_id, [_relationship_row(one) for one in there if one.stored])
    uow.graph.drop_relationships(org_id, [one.state.id for one in changes if one.after is None])
    dropped = [(source, one.state.id) for one in changes for source in one.claims.dropped]
    uow.graph.drop_relationship_claims(org_id, dropped)
    uow.graph.add_relationship_claims(org_id, [_relationship_claim_row(one) for one in changes if one.claims.new])
    kept = [one for one in changes if one.claims.claim is not None and not one.claims.new]
    uow.graph.change_relationship_claims(org_id, [_relationship_claim_row(one) for one in kept])


def _entity_row(change: EntityChange, at: datetime) -> EntityRow:
    state, after = change.state, change.after
    return EntityRow(
        id=state.id,
        uid=state.uid,
        kind=state.kind,
        external_id=state.external_id,
        class_=after.class_ if after else GENERIC,
        display_name=after.display_name if after else state.external_id,
        traits=after.traits if after else {},
        first_seen=state.first_seen,
        last_written=state.last_written,
        deleted_at=None if after else at,
        since=state.since,
    )


def _awaited_row(state: EntityState) -> EntityRow:
    return EntityRow(
        id=state.id,
        uid=state.uid,
        kind=state.kind,
        external_id=state.external_id,
        class_=GENERIC,
        display_name=state.external_id,
        traits={},
        first_seen=state.first_seen,
        last_written=state.last_written,
        deleted_at=state.last_written,
        since=state.since,
    )


def _claim_row(change: EntityChange) -> EntityClaimRow:
    source, claim = change.claims.source, change.claims.claim
    assert source is not None
    assert claim is not None
    return EntityClaimRow(
        source,
        change.state.id,
        claim.class_,
        claim.display_name,
        claim.traits,
        claim.stamp,
        claim.asserted,
        claim.run_id,
    )


def _relationship_row(change: RelationshipChange) -> RelationshipRow:
    state = change.state
    return RelationshipRow(
        id=state.id,
        from_id=state.from_id,
        verb=state.verb,
        to_id=state.to_id,
        properties=change.after or {},
        first_seen=state.first_seen,
        last_written=state.last_written,
        since=state.since,
    )


def _relationship_claim_row(change: RelationshipChange) -> RelationshipClaimRow:
    source, claim = change.claims.source, change.claims.claim
    assert source is not None
    assert claim is not None
    return RelationshipClaimRow(source, change.state.id, claim.traits, claim.stamp, claim.asserted, claim.run_id)


def _events(org_id: int, changes: Sequence[EntityChange], at: datetime, cause: dict[str, Any] | None) -> list[EventRow]:
    """Return an event for each entity that readers see come, change or go; of one gone, as it was last seen."""
    told = [(happened, one.after or one.before) for one in changes if (happened := one.happened)]
    return [
        EventRow(
            org_id=org_id,
            connection_id=NO_CONNECTION,
            id=event_id,
            source=f"entity.{happened}",
            type=entity.kind,
            received_at=at,
            subject=f"entity:{spell_key((entity.kind, entity.external_id))}",
            payload=entity_view(entity),
            cause=cause,
        )
        for event_id, (happened, entity) in zip(row_ids(len(told)) if told else (), told, strict=True)
        if entity is not None
    ]
