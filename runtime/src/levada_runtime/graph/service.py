"""The graph's service: every change in one transaction, decided over a picture of what it concerns."""

from collections.abc import Mapping, Sequence
from typing import Any

from levada_runtime.foundation.clock import Clock
from levada_runtime.graph.diff import Changes
from levada_runtime.graph.model import Entity, EntityDraft, RelationshipDraft, SyncCounts
from levada_runtime.graph.operations import Operation, Sync, Write
from levada_runtime.graph.picture import Picture
from levada_runtime.graph.vocabulary import Vocabulary
from levada_runtime.store.unit_of_work import Store, UnitOfWork

Cause = dict[str, Any]


class Graph:
    """Reads and changes the entities and relationships of one organisation at a time.

    Whatever it refuses it refuses whole, as a GraphRefusal.
    """

    def __init__(self, store: Store, clock: Clock, vocabulary: Vocabulary | None = None) -> None: ...

    def sync(
        self,
        org_id: int,
        source: str,
        sync_id: str | None,
        entities: Sequence[EntityDraft],
        relationships: Sequence[RelationshipDraft],
    ) -> SyncCounts: ...

    def write(
        self, org_id: int, source: str, entities: Sequence[EntityDraft], relationships: Sequence[RelationshipDraft]
    ) -> None: ...

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

    def upsert_many(self, org_id: int, source: str, rows: Sequence[EntityDraft]) -> list[Entity]:
        """All or nothing; a refusal's details carry the `index`."""

    def patch(self, org_id: int, source: str, uid: str, traits: Mapping[str, Any]) -> Entity | None: ...

    def delete(self, org_id: int, uid: str) -> bool: ...

    def get(self, org_id: int, uid: str) -> Entity | None: ...

    def find(self, org_id: int, kind: str, external_id: str) -> Entity | None: ...

    def list(
        self,
        org_id: int,
        *,
        kind: str | None = None,
        external_id: str | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> tuple[list[Entity], str | None]: ...

    # The same inside somebody else's unit of work:

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
    ) -> SyncCounts: ...

    def write_in(
        self,
        uow: UnitOfWork,
        org_id: int,
        source: str,
        entities: Sequence[EntityDraft],
        relationships: Sequence[RelationshipDraft],
        *,
        run_id: str | None = None,
    ) -> None: ...

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
    ) -> tuple[Entity, bool]: ...

    def find_in(self, uow: UnitOfWork, org_id: int, kind: str, external_id: str) -> Entity | None: ...

    # For runs: operations checked once, their counters told at once, written when the page commits.

    def sync_operation(
        self,
        source: str,
        sync_id: str | None,
        entities: Sequence[EntityDraft],
        relationships: Sequence[RelationshipDraft],
        *,
        run_id: str | None = None,
    ) -> Sync: ...

    def write_operation(
        self,
        source: str,
        entities: Sequence[EntityDraft],
        relationships: Sequence[RelationshipDraft],
        *,
        run_id: str | None = None,
    ) -> Write: ...

    def observe(self, picture: Picture, operation: Operation) -> Changes:
        """Apply over the picture only: reads what it needs in a unit of work of its own, writes nothing."""

    def perform(self, uow: UnitOfWork, org_id: int, operation: Operation, *, cause: Cause | None = None) -> Changes:
        """Apply and write."""
