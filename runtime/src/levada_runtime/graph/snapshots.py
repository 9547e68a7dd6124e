"""Snapshots: all that a source says, staged in parts as it arrives, and taken over at once without being held at once.

Parts are written in short transactions of their own and are nobody's truth. What they come to is decided part by part
over pictures of their own, in the one transaction that makes the whole of it true; there and before it no more than a
part is in memory, beside sixteen bytes or so for each thing that was named.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, TypeVar

from levada_runtime.foundation.clock import Clock
from levada_runtime.graph.checks import check_batch
from levada_runtime.graph.commit import write
from levada_runtime.graph.diff import Changes, apply
from levada_runtime.graph.guard import Losses
from levada_runtime.graph.model import Edge, EntityDraft, GraphRefusal, Key, RelationshipDraft, SyncCounts
from levada_runtime.graph.operations import Amend, Batch, batch_of, spell_edge, spell_key
from levada_runtime.graph.parts import (
    PART_BYTES,
    PART_ROWS,
    RELATIONSHIPS,
    entities_in,
    pack,
    relationships_in,
    spell_entity,
    spell_relationship,
)
from levada_runtime.graph.picture import NEVER, Picture
from levada_runtime.graph.seen import Seen
from levada_runtime.graph.sifting import PAGE, Sifted, count, differing, holds, sift
from levada_runtime.graph.vocabulary import Vocabulary
from levada_runtime.store.graph_claims import ClaimedEntity, ClaimedRelationship
from levada_runtime.store.graph_parts import STAGED
from levada_runtime.store.unit_of_work import Store, UnitOfWork

MOST_ROWS: Final = 2_500_000
MOST_BYTES: Final = 2 << 30
_NOTHING: Final = Batch({}, {})
Claimed = TypeVar("Claimed", ClaimedEntity, ClaimedRelationship)


class SnapshotLost(Exception):  # noqa: N818 - it is what happened to it
    """What was staged is not what was said: whoever takes it over must give all of it up."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot that is whole: where its parts are, and what it names."""

    source: str
    of: str
    run_id: str
    entities: Seen
    relationships: Seen
    sifted: Sifted | None = None
    """What of its entities differs, as far as that was found out before."""


@dataclass(slots=True)
class _Heap:
    """Rows of one sort that are not staged yet."""

    ordinal: int
    rows: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, row: bytes) -> bool:
        """Take a row, and say whether the heap makes a part now."""
        self.rows.append(row)
        self.size += len(row)
        return len(self.rows) >= PART_ROWS or self.size >= PART_BYTES

    def take(self) -> tuple[int, bytes]:
        """Return the heap as a part, and begin the next."""
        part = self.ordinal, pack(self.rows)
        self.ordinal += 1
        self.rows, self.size = [], 0
        return part


class Staging:
    """A snapshot that is coming in."""

    def __init__(
        self, store: Store, clock: Clock, vocabulary: Vocabulary, org_id: int, source: str, of: str, run_id: str
    ) -> None:
        self._store = store
        self._clock = clock
        self._vocabulary = vocabulary
        self._org_id = org_id
        self._snapshot = Snapshot(source, of, run_id, Seen(), Seen())
        self._entities = _Heap(0)
        self._relationships = _Heap(RELATIONSHIPS)
        self._said = [0, 0]
        self._bytes = 0

    def add(self, entities: Sequence[EntityDraft], relationships: Sequence[RelationshipDraft]) -> None:
        """Take more of it; what was said before in the same words is said once.

        Raises GraphRefusal for what the graph does not take, for two unlike rows of one thing, and beyond two and
        a half million entities, as many relationships, or two gibibytes.
        """
        check_batch(self._vocabulary, entities, relationships, first=(self._said[0], self._said[1]))
        for entity in entities:
            self._take(self._entities, self._snapshot.entities, spell_key(entity.key), spell_entity(entity))
        for one in relationships:
            row = spell_relationship(one)
            self._take(self._relationships, self._snapshot.relationships, _spelt(one.edge), row)
        self._said = [self._said[0] + len(entities), self._said[1] + len(relationships)]

    def close(self) -> Snapshot:
        """Stage the rest, find out what differs, and return the whole."""
        for heap in (self._entities, self._relationships):
            if heap.rows:
                self._stage(heap)
        whole = self._snapshot
        return replace(whole, sifted=sift(self._store, self._org_id, whole.source, whole.of, whole.entities))

    def drop(self) -> None:
        """Give all of it up."""
        with self._store.write() as uow:
            uow.graph_parts.drop(self._org_id, self._snapshot.of)

    def _take(self, heap: _Heap, seen: Seen, name: str, row: bytes) -> None:
        verdict = seen.take(name, row)
        if verdict == "other":
            raise GraphRefusal("InvalidRequest", f"{name} stands in the snapshot twice, and differs")
        if verdict == "same":
            return
        self._bytes += len(row)
        if seen.count > MOST_ROWS or self._bytes > MOST_BYTES:
            most = f"{MOST_ROWS:,} entities, as many relationships, and {MOST_BYTES >> 30} GiB"
            raise GraphRefusal("InvalidRequest", f"a snapshot takes at most {most}: narrow it to a scope")
        if heap.add(row):
            self._stage(heap)

    def _stage(self, heap: _Heap) -> None:
        part = heap.take()
        with self._store.write() as uow:
            uow.graph_parts.keep(self._org_id, self._snapshot.of, *part, self._clock.now())


def staged_for(run_id: str) -> str:
    """Return what the names of a run's snapshots begin with while they are staged."""
    return f"{STAGED}{run_id}/"


def losses_of(uow: UnitOfWork, org_id: int, snapshot: Snapshot) -> tuple[Losses, Losses]:
    """Return what a snapshot would take away of its source's claims: entities by kind, relationships by verb."""
    relationships, source = Losses(), snapshot.source
    if snapshot.sifted:
        entities = snapshot.sifted.losses
    else:
        entities = Losses()
        count(entities, _entities(uow, org_id, source), snapshot.entities)
    for one in _relationships(uow, org_id, source):
        relationships.add(one.verb, gone=_spelt(_edge(one)) not in snapshot.relationships)
    return entities, relationships


def take_over(
    uow: UnitOfWork,
    org_id: int,
    snapshot: Snapshot,
    at: datetime,
    vocabulary: Vocabulary,
    losses: tuple[Losses, Losses] | None = None,
    *,
    rehearsing: bool = False,
) -> Changes:
    """Make a snapshot all that its source claims, and drop its parts; returns counts, and no change by itself.

    Whoever calls holds the lock of the organisation's graph. Rehearsing, nothing is written, and the parts stay.
    """
    total, source = Changes(), snapshot.source
    earlier = {source: uow.graph.synced(org_id, [source]).get(source, NEVER)}

    def amend(batch: Batch, gone: Iterable[Key] = (), parted: Iterable[Edge] = ()) -> None:
        leaving, run = (frozenset(gone), frozenset(parted)), snapshot.run_id
        operation = Amend(source, run, batch, *leaving, run, pending=True)
        picture = Picture(org_id, vocabulary)
        picture.prepare(uow, operation)
        picture.synced.update(earlier)  # What goes was seen by its source until then, not until now.
        changes = apply(picture, operation, at)
        if not rehearsing:
            write(uow, org_id, changes, at, None, snapshot.run_id)
        total.counts = total.counts.plus(changes.counts)
        total.pending += changes.pending

    lost = losses or losses_of(uow, org_id, snapshot)
    amend(_NOTHING)  # That it was there is said of an empty one, too.
    for drafts in _said(uow, org_id, snapshot):
        amend(batch_of(drafts, []))
    for some in _gone(lost[0], _entities(uow, org_id, source), snapshot.entities, _name):
        amend(_NOTHING, gone=[(one.kind, one.external_id) for one in some])
    for parted in _gone(lost[1], _relationships(uow, org_id, source), snapshot.relationships, _edge_name):
        amend(_NOTHING, parted=map(_edge, parted))
    for part in uow.graph_parts.of(org_id, snapshot.of, start=RELATIONSHIPS):
        amend(batch_of([], relationships_in(part)))
    if snapshot.sifted:
        total.counts = total.counts.plus(SyncCounts(entities_unchanged=snapshot.sifted.unchanged))
    if not _is_whole(snapshot, total.counts):
        raise SnapshotLost("parts of a snapshot are gone from the store before it was taken over")
    if not rehearsing:
        uow.graph_parts.drop(org_id, snapshot.of)
    return total


def as_it_stands(uow: UnitOfWork, org_id: int, snapshot: Snapshot) -> Snapshot:
    """Return a snapshot without what was found out before, where that holds no longer."""
    sifted = snapshot.sifted
    if sifted is None or holds(uow, org_id, snapshot.source, snapshot.of, sifted):
        return snapshot
    return replace(snapshot, sifted=None)


def unnamed(uow: UnitOfWork, org_id: int, snapshot: Snapshot) -> tuple[Iterator[Key], Iterator[Edge]]:
    """Return what its source claims and a snapshot does not name: entities and relationships, as somebody asks."""
    return (
        (
            (one.kind, one.external_id)
            for one in _entities(uow, org_id, snapshot.source)
            if _name(one) not in snapshot.entities
        ),
        (
            _edge(one)
            for one in _relationships(uow, org_id, snapshot.source)
            if _edge_name(one) not in snapshot.relationships
        ),
    )


def read_again(uow: UnitOfWork, org_id: int, source: str, of: str, run_id: str) -> Snapshot:
    """Return a snapshot whose parts are there, and which this process did not see coming in."""
    snapshot = Snapshot(source, of, run_id, Seen(), Seen())
    for part in uow.graph_parts.of(org_id, of, stop=RELATIONSHIPS):
        for entity in entities_in(part):
            snapshot.entities.take(spell_key(entity.key), b"")
    for part in uow.graph_parts.of(org_id, of, start=RELATIONSHIPS):
        for one in relationships_in(part):
            snapshot.relationships.take(_spelt(one.edge), b"")
    return snapshot


def _said(uow: UnitOfWork, org_id: int, snapshot: Snapshot) -> Iterator[list[EntityDraft]]:
    """Yield the entities of a snapshot, a part at a time; of one that was sifted those that differ."""
    if snapshot.sifted:
        return differing(uow, org_id, snapshot.of, snapshot.sifted)
    return map(entities_in, uow.graph_parts.of(org_id, snapshot.of, stop=RELATIONSHIPS))


def _is_whole(snapshot: Snapshot, counts: SyncCounts) -> bool:
    entities = counts.entities_created + counts.entities_updated + counts.entities_unchanged
    edges = counts.relationships_created + counts.relationships_updated + counts.relationships_unchanged
    return (entities, edges) == (snapshot.entities.count, snapshot.relationships.count)


def _gone(
    losses: Losses, claimed: Iterator[Claimed], seen: Seen, name: Callable[[Claimed], str]
) -> Iterator[list[Claimed]]:
    """Yield what is claimed and was not named, some at a time; if nothing is gone, nobody looks."""
    some: list[Claimed] = []
    for one in claimed if losses.any else ():
        if name(one) not in seen:
            some.append(one)
            if len(some) == PAGE:
                yield some
                some = []
    if some:
        yield some


def _entities(uow: UnitOfWork, org_id: int, source: str) -> Iterator[ClaimedEntity]:
    return _paged(lambda after: uow.graph_claims.entities(org_id, source, after, PAGE))


def _relationships(uow: UnitOfWork, org_id: int, source: str) -> Iterator[ClaimedRelationship]:
    return _paged(lambda after: uow.graph_claims.relationships(org_id, source, after, PAGE))


def _paged(page: Callable[[int], list[Claimed]]) -> Iterator[Claimed]:
    after = -1
    while some := page(after):
        yield from some
        after = some[-1].id


def _name(one: ClaimedEntity) -> str:
    return spell_key((one.kind, one.external_id))


def _edge(one: ClaimedRelationship) -> Edge:
    return (one.from_kind, one.from_key), one.verb, (one.to_kind, one.to_key)


def _edge_name(one: ClaimedRelationship) -> str:
    return _spelt(_edge(one))


def _spelt(edge: Edge) -> str:
    """Return a name of a relationship that no other one has, whatever its keys hold."""
    return f"{len(edge[0][1])} {spell_edge(edge)}"
