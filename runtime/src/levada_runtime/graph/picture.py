"""A picture of the part of the graph that operations concern: committed state, and over it what they make of it.

What an operation needs is loaded before it is applied, and only what the picture does not show yet, so that a picture
may live over a whole run: every operation then sees what the ones before it did, and nothing is written. Whatever is
shown is shown with all its claims. Of a sync only what differs from what its source says already is shown; the rest is
surveyed, which takes far less.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import NamedTuple

from levada_runtime.foundation.ids import new_uuids, row_ids
from levada_runtime.graph.merge import Claim, merged, says_same, shown
from levada_runtime.graph.model import Edge, Entity, EntityDraft, Key, RelationshipDraft
from levada_runtime.graph.operations import Amend, Delete, Operation, Project, Restore, Sync, Write
from levada_runtime.graph.ranking import UNRANKED, Ranking
from levada_runtime.graph.survey import Survey, Triple
from levada_runtime.graph.vocabulary import Vocabulary
from levada_runtime.store.graph_model import EntityClaimRow, EntityRow, RelationshipClaimRow, RelationshipRow
from levada_runtime.store.unit_of_work import UnitOfWork

NEVER = datetime.min.replace(tzinfo=UTC)


class EntityState(NamedTuple):
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


class RelationshipState(NamedTuple):
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


@dataclass(frozen=True, slots=True)
class Difference:
    """In what a sync differs from what its source says already; all of it is shown."""

    entities: list[tuple[EntityState, EntityDraft]]
    relationships: list[tuple[RelationshipState, RelationshipDraft]]
    gone: set[Key]
    parted: set[Triple]


class Picture:
    """What is known of the entities and relationships of one organisation."""

    def __init__(self, org_id: int, vocabulary: Vocabulary) -> None:
        self.org_id = org_id
        self.vocabulary = vocabulary
        self.entities: dict[Key, EntityState] = {}
        self.relationships: dict[Triple, RelationshipState] = {}
        self.synced: dict[str, datetime] = {}
        self._survey = Survey(org_id)
        self._unheard: set[int] = set()
        self._asked: set[str] = set()
        self._compared: tuple[Operation, Difference] | None = None
        self._ranking = UNRANKED

    def prepare(self, uow: UnitOfWork, operation: Operation) -> None:
        """Load what the operation needs."""
        self._load_ranking(uow)
        match operation:
            case Delete():
                self._load_keys(uow, [operation.key])
            case Restore():
                self._load_parts(uow, operation.named(), operation.relationships)
            case Project():
                self._load_sources(uow, {part.source for part in operation.parts})
                self._load_parts(uow, operation.named(), operation.edges())
            case Sync() | Amend():
                self._load_syncs(uow, {operation.source})
                self._compared = operation, self._compare(uow, operation)
            case Write():
                self._load_parts(uow, operation.batch.named(), operation.batch.relationships)
        self._load_syncs(uow, self._survey.claimed.keys())

    def difference(self, operation: Sync | Amend) -> Difference:
        """Return in what the operation that was prepared last differs from what its source says."""
        assert self._compared is not None
        prepared, difference = self._compared
        assert prepared is operation
        return difference

    def look(self, uow: UnitOfWork, key: Key) -> Entity | None:
        """Return an entity as readers would see it; None when it is not there."""
        self.show(uow, [key])
        return self.view(self.entities[key])

    def show(self, uow: UnitOfWork, keys: Iterable[Key]) -> None:
        """Show these entities, too."""
        self._load_ranking(uow)
        self._load_keys(uow, keys)
        self._load_syncs(uow, self._survey.claimed.keys())

    def there(self, key: Key) -> bool:
        """Tell whether there is an entity of this key."""
        state = self.entities.get(key)
        return self._survey.there.get(key, False) if state is None else bool(state.claims)

    def triple(self, edge: Edge) -> Triple:
        return self._survey.triple(edge)

    def edge(self, state: RelationshipState) -> Edge:
        keys = self._survey.keys
        return keys[state.from_id], state.verb, keys[state.to_id]

    def claimed_by(self, source: str) -> set[Key]:
        """Return the entities that a source claims; it must have been loaded."""
        return set(self._survey.claimed[source])

    def related_by(self, source: str) -> set[Triple]:
        """Return the relationships that a source claims; it must have been loaded."""
        return set(self._survey.related[source])

    def view(self, state: EntityState) -> Entity | None:
        """Return an entity as readers see it; None when it is not there."""
        if not state.claims:
            return None
        total = merged(state.claims.values(), self._ranking.ranks(state.kind, state.claims))
        class_, display_name = shown(state.kind, state.external_id, total, self.vocabulary)
        syncs = (self.synced[source] for source in state.claims if source in self.synced)
        last_seen = max(chain((state.last_written,), syncs))
        return Entity(
            state.uid, state.kind, state.external_id, class_, display_name, total.traits, state.first_seen, last_seen
        )

    def put(self, state: EntityState) -> None:
        """Show an entity so from now on."""
        key = state.key
        before = self.entities.get(key)
        self._survey.show(key, state.id, before.claims if before else (), state.claims)
        self.entities[key] = state
        (self._unheard.discard if state.stored else self._unheard.add)(state.id)

    def relate(self, state: RelationshipState) -> None:
        """Show a relationship so from now on."""
        triple = state.triple
        before = self.relationships.get(triple)
        self._survey.relate(triple, before.claims if before else (), state.claims)
        self.relationships[triple] = state

    def _compare(self, uow: UnitOfWork, operation: Sync | Amend) -> Difference:
        survey, source, batch = self._survey, operation.source, operation.batch
        ends = {end for start, _, stop in batch.relationships for end in (start, stop)}
        if isinstance(operation, Sync):
            survey.load_source(uow, source, self.entities, self.relationships)
            gone = survey.claimed[source].keys() - batch.entities.keys()
        else:
            survey.load_claims(uow, source, batch.entities.keys() - self.entities.keys())
            survey.load_ends(uow, {end for start, _, stop in operation.parted for end in (start, stop)})
            gone = set(operation.gone)
        survey.load_ends(uow, ends - batch.entities.keys())
        differing = [key for key, draft in batch.entities.items() if not self._says(source, key, draft)]
        self._load_keys(uow, chain(differing, gone, ends - survey.ids.keys()))
        said = {survey.triple(edge): draft for edge, draft in batch.relationships.items()}
        if isinstance(operation, Sync):
            parted = survey.related[source].keys() - said.keys()
        else:
            survey.load_related(uow, source, self._heard_of(said.keys() - self.relationships.keys()))
            parted = {survey.triple(edge) for edge in operation.parted if survey.ids.keys() >= {edge[0], edge[2]}}
        related = [triple for triple, draft in said.items() if not self._relates(source, triple, draft)]
        self._load_triples(uow, chain(related, parted))
        return Difference(
            [(self.entities[key], batch.entities[key]) for key in differing],
            [(self.relationships[triple], said[triple]) for triple in related],
            {key for key in gone if source in self.entities[key].claims},
            {triple for triple in parted if source in self.relationships[triple].claims},
        )

    def _says(self, source: str, key: Key, draft: EntityDraft) -> bool:
        said = self._survey.says(source, key, draft)
        return says_same(self.entities[key].claims[source], draft) if said is None else said

    def _relates(self, source: str, triple: Triple, draft: RelationshipDraft) -> bool:
        said = self._survey.relates(source, triple, draft)
        return says_same(self.relationships[triple].claims[source], draft) if said is None else said

    def _load_sources(self, uow: UnitOfWork, sources: Collection[str]) -> None:
        """Load all that many sources claim, little each, which never sync."""
        fresh = set(sources) - self._survey.whole
        self._survey.whole |= fresh
        self._asked |= fresh
        claimed = set(uow.projections.entities_claimed(self.org_id, fresh))
        related = uow.projections.relationships_claimed(self.org_id, fresh)
        ids = (claimed | {end for row in related for end in (row.from_id, row.to_id)}) - self._survey.keys.keys()
        self._put_rows(uow.graph.entities_by_id(self.org_id, ids), uow.graph.claims_on(self.org_id, ids))
        self._relate_rows(related, uow.graph.relationship_claims_on(self.org_id, (row.id for row in related)))

    def _load_parts(self, uow: UnitOfWork, named: Collection[Key], edges: Iterable[Edge]) -> None:
        self._load_keys(uow, named)
        self._load_triples(uow, map(self.triple, edges))

    def _load_triples(self, uow: UnitOfWork, wanted: Iterable[Triple]) -> None:
        triples = set(wanted) - self.relationships.keys()
        found = uow.graph.relationships_between(self.org_id, self._heard_of(triples))
        self._relate_rows(found, uow.graph.relationship_claims_on(self.org_id, (row.id for row in found)))
        unknown = sorted(triples - self.relationships.keys())
        for fresh, triple in zip(_ids(unknown), unknown, strict=True):
            self.relationships[triple] = RelationshipState(fresh, *triple, NEVER, NEVER, {}, stored=False, since=NEVER)
        strange = {end for start, _, stop in triples for end in (start, stop)} - self._survey.keys.keys()
        self._put_rows(uow.graph.entities_by_id(self.org_id, strange), uow.graph.claims_on(self.org_id, strange))

    def _heard_of(self, triples: Iterable[Triple]) -> list[Triple]:
        """Return those of which both ends are in the store."""
        return [one for one in triples if one[0] not in self._unheard and one[2] not in self._unheard]

    def _load_keys(self, uow: UnitOfWork, keys: Iterable[Key]) -> None:
        wanted = set(keys) - self.entities.keys()
        rows = uow.graph.entities_by_key(self.org_id, wanted)
        self._put_rows(rows, uow.graph.claims_on(self.org_id, (row.id for row in rows)))
        unknown = sorted(wanted - self.entities.keys())
        for fresh, uid, key in zip(_ids(unknown), new_uuids(len(unknown)), unknown, strict=True):
            self.entities[key] = EntityState(fresh, uid, *key, NEVER, NEVER, {}, stored=False, since=NEVER)
            self._survey.show(key, fresh, (), ())
            self._unheard.add(fresh)

    def _load_ranking(self, uow: UnitOfWork) -> None:
        if self._ranking is UNRANKED:
            self._ranking = Ranking(uow.graph_priorities.orders(self.org_id))

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
            if (row.kind, row.external_id) not in self.entities:
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


def _ids(of: Collection[object]) -> Iterator[int]:
    return iter(row_ids(len(of))) if of else iter(())
