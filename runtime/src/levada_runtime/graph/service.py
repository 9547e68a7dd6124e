"""The graph's service: every change in one transaction, decided over a picture of what it concerns."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.clock import Clock
from levada_runtime.foundation.ids import new_uuid
from levada_runtime.graph import reading
from levada_runtime.graph.checks import check_batch, check_upsert, storable
from levada_runtime.graph.commit import write
from levada_runtime.graph.diff import Changes, apply
from levada_runtime.graph.guard import Guard, Held, losses_in, reasons, would_do
from levada_runtime.graph.held import held_back, hold, hold_staged
from levada_runtime.graph.model import (
    Edge,
    Entities,
    Entity,
    EntityDraft,
    GraphRefusal,
    Key,
    RelationshipDraft,
    Relationships,
    SyncCounts,
)
from levada_runtime.graph.operations import Amend, Delete, Operation, Project, Sync, Write, batch_of, folded
from levada_runtime.graph.picture import Picture
from levada_runtime.graph.priorities import Priorities
from levada_runtime.graph.projecting import parts_of, summed, waves
from levada_runtime.graph.reads import Reads
from levada_runtime.graph.snapshots import Snapshot, Staging, as_it_stands, losses_of, staged_for, take_over
from levada_runtime.graph.vocabulary import Vocabulary
from levada_runtime.graph.waiting import PendingRelationships
from levada_runtime.store.documents import Scope
from levada_runtime.store.projections import Projectable
from levada_runtime.store.unit_of_work import Store, UnitOfWork

Cause = dict[str, Any]


class Graph:
    """Reads and changes the entities and relationships of one organisation at a time.

    Whatever it refuses it refuses whole, as a GraphRefusal.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        vocabulary: Vocabulary | None = None,
        contracts: Registry | None = None,
        guard: Guard | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self.vocabulary = vocabulary or Vocabulary()
        self.guard = guard or Guard()
        self.contracts = contracts or Registry()
        self.priorities = Priorities(store, clock, self.vocabulary)
        self.reads = Reads(store, self.vocabulary)
        self.pending = PendingRelationships(store)

    def sync(
        self,
        org_id: int,
        source: str,
        sync_id: str | None,
        entities: Sequence[EntityDraft],
        relationships: Sequence[RelationshipDraft],
    ) -> SyncCounts:
        """Take this for all that the source claims, and say how that differs from what it claimed before."""
        return self.do(org_id, self.sync_operation(source, sync_id, entities, relationships)).counts

    def do(self, org_id: int, operation: Operation) -> Changes:
        """Perform an operation in a transaction of its own."""
        with self._store.write() as uow:
            return self.perform(uow, org_id, operation)

    def write(
        self, org_id: int, source: str, entities: Sequence[EntityDraft], relationships: Sequence[RelationshipDraft]
    ) -> None:
        """Assert this in the source's name; what else it claims stays."""
        operation = self.write_operation(source, entities, relationships)
        with self._store.write() as uow:
            self.perform(uow, org_id, operation)

    def upsert(
        self,
        org_id: int,
        source: str,
        kind: str,
        external_id: str,
        traits: Mapping[str, Any],
        *,
        class_: str | None = None,
        display_name: str | None = None,
    ) -> tuple[Entity, bool]:
        """Return the entity as it is now, and whether it is new."""
        with self._store.write() as uow:
            return self.upsert_in(
                uow, org_id, source, kind, external_id, traits, class_=class_, display_name=display_name
            )

    def upsert_many(self, org_id: int, source: str, rows: Sequence[EntityDraft]) -> Entities:
        """Upsert all or none, in order, and return each entity as it is at the end; a refusal tells the `index`."""
        for index, draft in enumerate(rows):
            try:
                check_upsert(self.vocabulary, draft)
            except GraphRefusal as refusal:
                details = [{"index": index, **detail} for detail in refusal.details]
                raise GraphRefusal(refusal.code, f"[{index}].{refusal.message}", details) from None
        with self._store.write() as uow:
            changes = self.perform(uow, org_id, Write(source, folded(rows)))
        found = {one.state.key: one.after for one in changes.entities if one.after}
        return [found[draft.key] for draft in rows]

    def patch(self, org_id: int, source: str, uid: str, traits: Mapping[str, Any]) -> Entity | None:
        """Merge traits into an entity, one level deep; None when there is no such entity."""
        with self._store.write() as uow:
            uow.lock("graph", org_id)
            row = reading.row_of(uow, org_id, uid)
            if row is None:
                return None
            return self.upsert_in(uow, org_id, source, row.kind, row.external_id, traits)[0]

    def delete(self, org_id: int, uid: str) -> bool:
        """End an entity whoever claims it, and say whether there was one.

        It comes back, under its id, when any source asserts it again.
        """
        with self._store.write() as uow:
            uow.lock("graph", org_id)
            row = reading.row_of(uow, org_id, uid)
            if row is not None:
                self.perform(uow, org_id, Delete((row.kind, row.external_id)))
        return row is not None

    def get(self, org_id: int, uid: str) -> Entity | None:
        with self._store.read() as uow:
            row = reading.row_of(uow, org_id, uid)
            return reading.seen(uow, org_id, [row])[0] if row else None

    def find(self, org_id: int, kind: str, external_id: str) -> Entity | None:
        with self._store.read() as uow:
            return self.find_in(uow, org_id, kind, external_id)

    def relationships(self, org_id: int, kind: str, external_id: str) -> Relationships:
        """Return the relationships from and to an entity, the oldest first, 10,000 at most."""
        with self._store.read() as uow:
            return reading.relationships_at(uow, org_id, kind, external_id)

    def list(
        self,
        org_id: int,
        *,
        kind: str | None = None,
        external_id: str | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> tuple[Entities, str | None]:
        """Return entities, newest first, and where the list goes on.

        Raises UsageFailure when the cursor is none that a list gave.
        """
        with self._store.read() as uow:
            return reading.page(uow, org_id, kind=kind, external_id=external_id, limit=limit, cursor=cursor)

    def sync_in(
        self,
        uow: UnitOfWork,
        org_id: int,
        source: str,
        sync_id: str | None,
        entities: Sequence[EntityDraft],
        relationships: Sequence[RelationshipDraft],
        *,
        run_id: str | None = None,
    ) -> SyncCounts:
        """Sync within this unit of work."""
        operation = self.sync_operation(source, sync_id, entities, relationships, run_id=run_id)
        return self.perform(uow, org_id, operation).counts

    def write_in(
        self,
        uow: UnitOfWork,
        org_id: int,
        source: str,
        entities: Sequence[EntityDraft],
        relationships: Sequence[RelationshipDraft],
        *,
        run_id: str | None = None,
    ) -> None:
        """Write within this unit of work."""
        self.perform(uow, org_id, self.write_operation(source, entities, relationships, run_id=run_id))

    def upsert_in(
        self,
        uow: UnitOfWork,
        org_id: int,
        source: str,
        kind: str,
        external_id: str,
        traits: Mapping[str, Any],
        *,
        class_: str | None = None,
        display_name: str | None = None,
        cause: Cause | None = None,
        run_id: str | None = None,
    ) -> tuple[Entity, bool]:
        """Upsert within this unit of work; `cause` goes with the event that tells of it."""
        draft = EntityDraft(kind, external_id, class_, display_name, dict(traits))
        changes = self.perform(uow, org_id, self.upsert_operation(source, draft, run_id=run_id), cause=cause)
        change = changes.entities[0]
        assert change.after is not None
        return change.after, change.before is None

    def find_in(self, uow: UnitOfWork, org_id: int, kind: str, external_id: str) -> Entity | None:
        return reading.found(uow, org_id, kind, external_id)

    def upsert_operation(self, source: str, draft: EntityDraft, *, run_id: str | None = None) -> Write:
        """Check what an upsert says, once, to be observed or performed later."""
        check_upsert(self.vocabulary, draft)
        return Write(source, folded([draft]), run_id)

    def sync_operation(
        self,
        source: str,
        sync_id: str | None,
        entities: Sequence[EntityDraft],
        relationships: Sequence[RelationshipDraft],
        *,
        run_id: str | None = None,
        pending: bool = False,
        guarded: bool = False,
    ) -> Sync:
        """Check what a sync says, once, to be observed or performed later."""
        check_batch(self.vocabulary, entities, relationships)
        return Sync(source, sync_id, batch_of(entities, relationships), run_id, pending, guarded)

    def write_operation(
        self,
        source: str,
        entities: Sequence[EntityDraft],
        relationships: Sequence[RelationshipDraft],
        *,
        run_id: str | None = None,
        pending: bool = False,
    ) -> Write:
        """Check what a write says, once, to be observed or performed later."""
        check_batch(self.vocabulary, entities, relationships)
        return Write(source, batch_of(entities, relationships), run_id, pending)

    def amend_operation(
        self,
        source: str,
        sync_id: str | None,
        entities: Sequence[EntityDraft],
        relationships: Sequence[RelationshipDraft],
        gone: Collection[Key],
        parted: Collection[Edge],
        *,
        run_id: str | None = None,
        pending: bool = False,
    ) -> Amend:
        """Check what a sync came to when it was observed, once, to be observed or performed later."""
        check_batch(self.vocabulary, entities, relationships)
        batch = batch_of(entities, relationships)
        return Amend(source, sync_id, batch, frozenset(gone), frozenset(parted), run_id, pending)

    def picture(self, org_id: int) -> Picture:
        """Return an empty picture, over which operations may be observed."""
        return Picture(org_id, self.vocabulary)

    def observe(self, picture: Picture, operation: Operation) -> Changes:
        """Apply an operation to the picture only: what it needs is read in a unit of work of its own."""
        with self._store.read() as uow:
            picture.prepare(uow, operation)
        at = self._clock.now()
        held = self._held(picture, operation)
        return held_back(held) if held else apply(picture, operation, at)

    def staging(self, org_id: int, source: str, run_id: str) -> Staging:
        """Return what takes a run's snapshot in, piece by piece."""
        of = f"{staged_for(run_id)}{new_uuid()}"
        return Staging(self._store, self._clock, self.vocabulary, org_id, source, of, run_id)

    def take_over(self, uow: UnitOfWork, org_id: int, snapshot: Snapshot, *, guarded: bool = True) -> Changes:
        """Make a snapshot all that its source claims, unless the guard holds it; returns what it came to in numbers."""
        uow.lock("graph", org_id)
        snapshot = as_it_stands(uow, org_id, snapshot)
        at, losses = self._clock.now(), losses_of(uow, org_id, snapshot)
        why = reasons(self.guard, *losses) if guarded else ()
        changes = take_over(uow, org_id, snapshot, at, self.vocabulary, losses, rehearsing=bool(why))
        if not why:
            return changes
        held = Held(snapshot.source, why, changes.counts)
        return held_back(hold_staged(uow, org_id, snapshot.of, snapshot.run_id, held, at))

    def project_in(self, uow: UnitOfWork, scope: Scope, document_ids: Sequence[int]) -> None:
        """Claim what these documents of a connection stand for, as they are now, within this unit of work."""
        uow.lock("graph", scope[0])
        self.project_all_in(uow, scope[0], uow.projections.documents(scope, document_ids))

    def project_all_in(self, uow: UnitOfWork, org_id: int, documents: Sequence[Projectable]) -> SyncCounts:
        """Claim what documents stand for; they must have been read in this unit of work, after it took the lock."""
        names = uow.connections.names(org_id)
        parts = tuple(parts_of(self.contracts, self.vocabulary, documents, names))
        picture, counts = self.picture(org_id), SyncCounts()
        picture.prepare(uow, Project(parts))
        for wave in waves(picture, parts):
            counts = counts.plus(self.perform(uow, org_id, wave, picture=picture).counts)
        return counts

    def observe_projections(
        self, picture: Picture, documents: Sequence[Projectable], connections: Mapping[int, str]
    ) -> Changes:
        """Project documents into the picture only."""
        parts = tuple(parts_of(self.contracts, self.vocabulary, documents, connections))
        with self._store.read() as uow:
            picture.prepare(uow, Project(parts))
        return summed([apply(picture, wave, self._clock.now()) for wave in waves(picture, parts)])

    def seen(self, picture: Picture, kind: str, external_id: str) -> Entity | None:
        """Return what a picture shows of an entity."""
        if not (storable(kind) and storable(external_id)):
            return None
        with self._store.read() as uow:
            return picture.look(uow, (kind, external_id))

    def perform(
        self,
        uow: UnitOfWork,
        org_id: int,
        operation: Operation,
        *,
        cause: Cause | None = None,
        picture: Picture | None = None,
    ) -> Changes:
        """Apply an operation to the graph, one at a time in each organisation.

        Operations that follow one another in one unit of work may share a picture, and read less.
        """
        uow.lock("graph", org_id)
        at = self._clock.now()
        picture = picture or self.picture(org_id)
        picture.prepare(uow, operation)
        held = self._held(picture, operation)
        if held is not None:
            assert isinstance(operation, Sync)
            return held_back(hold(uow, org_id, operation, held, at))
        changes = apply(picture, operation, at)
        write(uow, org_id, changes, at, cause, None if isinstance(operation, Delete) else operation.run_id)
        return changes

    def _held(self, picture: Picture, operation: Operation) -> Held | None:
        """Return why a sync is not applied; None when it is, or is no sync that is guarded."""
        if not (isinstance(operation, Sync) and operation.guarded):
            return None
        why = reasons(self.guard, *losses_in(picture, operation))
        return Held(operation.source, why, would_do(picture, operation)) if why else None
