"""What of a snapshot differs from what its source says already, found out before it is taken over.

Whoever takes over holds the graph's lock, and on SQLite the only one there is. So the entities are compared before, a
part at a time, in reads that lock nobody out; under the lock only those that differ are looked at, if the source still
says what it said. Relationships are compared under the lock, where it shows which of them wait for an end.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from levada_runtime.graph.guard import Losses
from levada_runtime.graph.model import EntityDraft
from levada_runtime.graph.operations import spell_key
from levada_runtime.graph.parts import PART_ROWS, RELATIONSHIPS, entities_in
from levada_runtime.graph.seen import Seen
from levada_runtime.graph.survey import Survey
from levada_runtime.store.graph_claims import ClaimedEntity
from levada_runtime.store.unit_of_work import Store, UnitOfWork

PAGE: Final = 1_000


@dataclass(slots=True)
class Sifted:
    """What was found out of a snapshot's entities; it holds until a claim of its source is changed."""

    changes: int
    """How often claims of its source had been changed."""
    parts: int = 0
    unchanged: int = 0
    differing: "dict[int, array[int]]" = field(default_factory=dict)
    """By part the places of the rows that differ."""
    losses: Losses = field(default_factory=Losses)


def sift(store: Store, org_id: int, source: str, of: str, named: Seen) -> Sifted | None:
    """Compare the entities of a snapshot whose parts are there; None when there is nothing to compare them with."""
    with store.read() as uow:
        changes = uow.graph_claims.changes(org_id, source)
        if changes is None or not uow.graph_claims.any(org_id, source):
            return None
    sifted = Sifted(changes)
    while _sift_part(store, org_id, source, of, sifted):
        sifted.parts += 1
    after: int | None = -1
    while after is not None:
        with store.read() as uow:
            page = uow.graph_claims.entities(org_id, source, after, PAGE)
        count(sifted.losses, page, named)
        after = page[-1].id if page else None
    return sifted


def holds(uow: UnitOfWork, org_id: int, source: str, of: str, sifted: Sifted) -> bool:
    """Tell whether what was found out still holds, and the parts it was found out of are all there."""
    whole = uow.graph_parts.count(org_id, of, stop=RELATIONSHIPS) == sifted.parts
    return whole and uow.graph_claims.changes(org_id, source) == sifted.changes


def differing(uow: UnitOfWork, org_id: int, of: str, sifted: Sifted) -> Iterator[list[EntityDraft]]:
    """Yield the entities that differ, about a part of them at a time."""
    some: list[EntityDraft] = []
    for ordinal, places in sifted.differing.items():
        part = uow.graph_parts.one(org_id, of, ordinal)
        some += entities_in(part, places) if part is not None else ()
        if len(some) >= PART_ROWS:
            yield some
            some = []
    if some:
        yield some


def count(losses: Losses, claimed: Iterable[ClaimedEntity], named: Seen) -> None:
    """Count claims, and which of them a snapshot does not name."""
    for one in claimed:
        losses.add(one.kind, gone=spell_key((one.kind, one.external_id)) not in named)


def _sift_part(store: Store, org_id: int, source: str, of: str, sifted: Sifted) -> bool:
    with store.read() as uow:
        part = uow.graph_parts.one(org_id, of, sifted.parts)
        if part is None:
            return False
        survey, drafts = Survey(org_id), entities_in(part)
        survey.load_claims(uow, source, {draft.key for draft in drafts})
    says = survey.says
    places = array("L", (at for at, draft in enumerate(drafts) if not says(source, draft.key, draft)))
    sifted.unchanged += len(drafts) - len(places)
    if places:
        sifted.differing[sifted.parts] = places
    return True
