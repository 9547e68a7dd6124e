"""A picture of the part of the graph that operations concern: committed state, and over it what they make of it.

What an operation needs is loaded before it is applied, and only what the picture does not show yet, so that a picture
may live over a whole run: every operation then sees what the ones before it did, and nothing is written. Whatever is
shown is shown with all its claims.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import TypeVar

from levada_runtime.foundation.ids import new_uuid, row_ids
from levada_runtime.graph.merge import Claim, merged, shown
from levada_runtime.graph.model import Edge, Entity, Key
from levada_runtime.graph.operations import Amend, Delete, Operation, Project, Restore, Sync
from levada_runtime.graph.vocabulary import Vocabulary
from levada_runtime.store.graph_model import EntityClaimRow, EntityRow, RelationshipClaimRow, RelationshipRow
from levada_runtime.store.unit_of_work import UnitOfWork

Triple = tuple[int, str, int]
"""(from, verb, to), by the entities' ids"""
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class EntityState:
    """An entity with all its claims; it is there while it has any. One without a row is not `stored`."""

    id: int
    uid: str
    kind: str
    external_id: str
    first_seen: datetime
    last_written: datetime
    claims: Mapping[str, Claim]
    stored: bool
    since: datetime

    @property
    def key(self) -> Key:
        return self.kind, self.external_id


@dataclass(frozen=True, slots=True)
class RelationshipState:
    """A relationship with all its claims."""

    id: int
    from_id: int
    verb: str
    to_id: int
    first_seen: datetime
    last_written: datetime
    claims: Mapping[str, Claim]
    stored: bool
    since: datetime

    @property
    def triple(self) -> Triple:
        return self.from_id, self.verb, self.to_id


class Picture:
    """What is known of the entities and relationships of one organisation."""

    def __init__(self, org_id: int, vocabulary: Vocabulary) -> None:
        self.org_id = org_id
        self.vocabulary = vocabulary
        self.entities: dict[Key, EntityState] = {}
        self.relationships: dict[Triple, RelationshipState] = {}
        self.synced: dict[str, datetime] = {}
        self._keys: dict[int, Key] = {}
        self._claimed: defaultdict[str, set[Key]] = defaultdict(set)
        self._related: defaultdict[str, set[Triple]] = defaultdict(set)
        self._whole: set[str] = set()
        self._asked: set[str] = set()

    def prepare(self, uow: UnitOfWork, operation: Operation) -> None:
        """Load what the operation needs."""
        match operation:
            case Delete():
                self._load_keys(uow, [operation.key])
            case Restore():
                self._load_parts(uow, operation.named(), operation.relationships)
            case Project():
                self._load_sources(uow, {part.source for part in operation.parts})
                self._load_parts(uow, operation.named(), operation.edges())
            case Amend():
                ends = {end for start, _, stop in operation.parted for end in (start, stop)}
                named = operation.batch.named() | operation.gone | ends
                self._load_parts(uow, named, operation.batch.relationships.keys() | operation.parted)
            case _:
                if isinstance(operation, Sync):
                    self._load_source(uow, operation.source)
                self._load_parts(uow, operation.batch.named(), operation.batch.relationships)
        syncing = {operation.source} if isinstance(operation, Sync | Amend) else set()
        self._load_syncs(uow, self._claimed.keys() | syncing)

    def look(self, uow: UnitOfWork, key: Key) -> Entity | None:
        """Return an entity as readers would see it; None when it is not there."""
        self._load_keys(uow, [key])
        self._load_syncs(uow, self._claimed.keys())
        return self.view(self.entities[key])

    def there(self, key: Key) -> bool:
        """Tell whether there is an entity of this key."""
        return bool(self.entities[key].claims)

    def triple(self, edge: Edge) -> Triple:
        start, verb, stop = edge
        return self.entities[start].id, verb, self.entities[stop].id

    def edge(self, state: RelationshipState) -> Edge:
        return self._keys[state.from_id], state.verb, self._keys[state.to_id]

    def claimed_by(self, source: str) -> set[Key]:
        """Return the entities that a source claims; it must have been loaded."""
        return set(self._claimed[source])

    def related_by(self, source: str) -> set[Triple]:
        """Return the relationships that a source claims; it must have been loaded."""
        return set(self._related[source])

    def view(self, state: EntityState) -> Entity | None:
        """Return an entity as readers see it; None when it is not there."""
        if not state.claims:
            return None
        total = merged(state.claims.values())
        class_, display_name = shown(state.kind, state.external_id, total, self.vocabulary)
        syncs = (self.synced[source] for source in state.claims if source in self.synced)
        last_seen = max(chain((state.last_written,), syncs))
        return Entity(
            state.uid, state.kind, state.external_id, class_, display_name, total.traits, state.first_seen, last_seen
        )

    def put(self, state: EntityState) -> None:
        """Show an entity so from now on."""
        before = self.entities.get(state.key)
        _reindex(self._claimed, state.key, before.claims if before else (), state.claims)
        self.entities[state.key] = state
        self._keys[state.id] = state.key

    def relate(self, state: RelationshipState) -> None:
        """Show a relationship so from now on."""
        before = self.relationships.get(state.triple)
        _reindex(self._related, state.triple, before.claims if before else (), state.claims)
        self.relationships[state.triple] = state

    def _load_source(self, uow: UnitOfWork, source: str) -> None:
        if source in self._whole:
            return
        self._whole.add(source)
        rows = uow.graph.entities_claimed_by(self.org_id, source)
        self._put_rows(rows, uow.graph.claims_beside(self.org_id, source))
        found = uow.graph.relationships_claimed_by(self.org_id, source)
        ends = {end for row in found for end in (row.from_id, row.to_id)} - self._keys.keys()
        self._put_rows(uow.graph.entities_by_id(self.org_id, ends), uow.graph.claims_on(self.org_id, ends))
        self._relate_rows(found, uow.graph.relationship_claims_beside(self.org_id, source))

    def _load_sources(self, uow: UnitOfWork, sources: Collection[str]) -> None:
        """Load all that many sources claim, little each, which never sync."""
        fresh = set(sources) - self._whole
        self._whole |= fresh
        self._asked |= fresh
        claimed = set(uow.projections.entities_claimed(self.org_id, fresh))
        related = uow.projections.relationships_claimed(self.org_id, fresh)
        ids = (claimed | {end for row in related for end in (row.from_id, row.to_id)}) - self._keys.keys()
        self._put_rows(uow.graph.entities_by_id(self.org_id, ids), uow.graph.claims_on(self.org_id, ids))
        self._relate_rows(related, uow.graph.relationship_claims_on(self.org_id, (row.id for row in related)))

    def _load_parts(self, uow: UnitOfWork, named: Collection[Key], edges: Iterable[Edge]) -> None:
        self._load_keys(uow, named)
        triples = {self.triple(edge) for edge in edges} - self.relationships.keys()
        stored = {state.id for key in named if (state := self.entities[key]).stored}
        found = uow.graph.relationships_between(self.org_id, (one for one in triples if stored >= {one[0], one[2]}))
        self._relate_rows(found, uow.graph.relationship_claims_on(self.org_id, (row.id for row in found)))
        unknown = sorted(triples - self.relationships.keys())
        for fresh, (from_id, verb, to_id) in zip(_ids(unknown), unknown, strict=True):
            self.relate(RelationshipState(fresh, from_id, verb, to_id, NEVER, NEVER, {}, stored=False, since=NEVER))

    def _load_keys(self, uow: UnitOfWork, keys: Iterable[Key]) -> None:
        wanted = set(keys) - self.entities.keys()
        rows = uow.graph.entities_by_key(self.org_id, wanted)
        self._put_rows(rows, uow.graph.claims_on(self.org_id, (row.id for row in rows)))
        unknown = sorted(wanted - self.entities.keys())
        for fresh, (kind, one) in zip(_ids(unknown), unknown, strict=True):
            self.put(EntityState(fresh, new_uuid(), kind, one, NEVER, NEVER, {}, stored=False, since=NEVER))

    def _load_syncs(self, uow: UnitOfWork, sources: Collection[str]) -> None:
        unasked = set(sources) - self._asked
        if unasked:
            self._asked |= unasked
            self.synced.update(uow.graph.synced(self.org_id, unasked))

    def _put_rows(self, rows: Iterable[EntityRow], claims: Iterable[EntityClaimRow]) -> None:
        on: defaultdict[int, dict[str, Claim]] = defaultdict(dict)
        for one in claims:
            claim = Claim(one.class_, one.display_name, one.traits, one.stamp, one.asserted, one.run_id)
            on[one.entity_id][one.source] = claim
        for row in rows:
            if row.id not in self._keys:
                state = EntityState(
                    row.id,
                    row.uid,
                    row.kind,
                    row.external_id,
                    row.first_seen,
                    row.last_written,
                    on.get(row.id, {}),
                    stored=True,
                    since=row.since,
                )
                self.put(state)

    def _relate_rows(self, rows: Iterable[RelationshipRow], claims: Iterable[RelationshipClaimRow]) -> None:
        on: defaultdict[int, dict[str, Claim]] = defaultdict(dict)
        for one in claims:
            claim = Claim(None, None, one.properties, one.stamp, one.asserted, one.run_id)
            on[one.relationship_id][one.source] = claim
        for row in rows:
            state = RelationshipState(
                row.id,
                row.from_id,
                row.verb,
                row.to_id,
                row.first_seen,
                row.last_written,
                on.get(row.id, {}),
                stored=True,
                since=row.since,
            )
            if state.triple not in self.relationships:
                self.relate(state)


Place = TypeVar("Place")


def _reindex(index: defaultdict[str, set[Place]], place: Place, before: Iterable[str], after: Iterable[str]) -> None:
    was, now = set(before), set(after)
    for source in was - now:
        index[source].discard(place)
    for source in now - was:
        index[source].add(place)


def _ids(of: Collection[object]) -> Iterator[int]:
    return iter(row_ids(len(of))) if of else iter(())
