"""What can be done to the graph, as values: checked, of one source each, and without doubles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from levada_runtime.graph.merge import Claim, says_same
from levada_runtime.graph.model import Edge, EntityDraft, GraphRefusal, Key, RelationshipDraft

Draft = TypeVar("Draft", EntityDraft, RelationshipDraft)


@dataclass(frozen=True, slots=True)
class Batch:
    """Entities and relationships that are said together, each once."""

    entities: dict[Key, EntityDraft]
    relationships: dict[Edge, RelationshipDraft]

    def named(self) -> set[Key]:
        """Return the keys of everything that is named: the entities, and the ends of relationships."""
        return {*self.entities, *(end for start, _, stop in self.relationships for end in (start, stop))}


@dataclass(frozen=True, slots=True)
class Sync:
    """The whole truth of a source: what it claimed before and does not say now, it claims no longer.

    Of this and of the others: `pending` keeps a relationship with an end that is not there, to join the graph when the
    end appears; without it such a relationship is refused. A sync that is `guarded` is held when it would take too much
    away.
    """

    source: str
    sync_id: str | None
    batch: Batch
    run_id: str | None = None
    pending: bool = False
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """Assertions of a source, which leave everything else that it claims as it is."""

    source: str
    batch: Batch
    run_id: str | None = None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """The end of an entity, whoever claims it."""

    key: Key


@dataclass(frozen=True, slots=True)
class Amend:
    """What a sync once came to, done later: these claims of its source are replaced or dropped, the others stay."""

    source: str
    sync_id: str | None
    batch: Batch
    gone: frozenset[Key] = frozenset()
    parted: frozenset[Edge] = frozenset()
    run_id: str | None = None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Restore:
    """Claims of a source put back as they once were, stamps and all; None where it claimed nothing.

    A relationship that has lost an end meanwhile is put back pending.
    """

    source: str
    entities: dict[Key, Claim | None]
    relationships: dict[Edge, Claim | None]
    run_id: str | None = None

    def named(self) -> set[Key]:
        """Return the keys of everything that is named."""
        return {*self.entities, *(end for start, _, stop in self.relationships for end in (start, stop))}


@dataclass(frozen=True, slots=True)
class Project:
    """What documents stand for, each the whole truth of a source of its own; no two of them concern one thing."""

    parts: tuple[Sync, ...]

    @property
    def run_id(self) -> None:
        """There is no run to undo it by: what undoes the documents has them projected again."""
        return

    def named(self) -> set[Key]:
        """Return the keys of everything that is named."""
        return {key for part in self.parts for key in part.batch.named()}

    def edges(self) -> set[Edge]:
        """Return the relationships that are named."""
        return {edge for part in self.parts for edge in part.batch.relationships}


Operation = Sync | Write | Delete | Amend | Restore | Project


def batch_of(entities: Sequence[EntityDraft], relationships: Sequence[RelationshipDraft]) -> Batch:
    """Collapse what is said twice.

    Raises GraphRefusal naming both places when the two differ.
    """
    by_key: dict[Key, tuple[int, EntityDraft]] = {}
    for index, entity in enumerate(entities):
        earlier = by_key.setdefault(entity.key, (index, entity))
        if earlier[0] != index and not says_same(earlier[1], entity):
            raise _unequal("entities", earlier[0], index, spell_key(entity.key))
    by_edge: dict[Edge, tuple[int, RelationshipDraft]] = {}
    for index, relationship in enumerate(relationships):
        known = by_edge.setdefault(relationship.edge, (index, relationship))
        if known[0] != index and not says_same(known[1], relationship):
            raise _unequal("relationships", known[0], index, spell_edge(relationship.edge))
    return Batch({key: one for key, (_, one) in by_key.items()}, {edge: one for edge, (_, one) in by_edge.items()})


def folded(drafts: Iterable[EntityDraft]) -> Batch:
    """Make one batch of upserts that follow one another: what is said later goes over what was said before."""
    by_key: dict[Key, EntityDraft] = {}
    for draft in drafts:
        before = by_key.get(draft.key, draft)
        by_key[draft.key] = replace(
            draft,
            class_=draft.class_ or before.class_,
            display_name=before.display_name if draft.display_name is None else draft.display_name,
            traits={**before.traits, **draft.traits},
        )
    return Batch(by_key, {})


def spell_key(key: Key) -> str:
    """Spell an entity's key as messages name it."""
    return f"{key[0]}:{key[1]}"


def spell_edge(edge: Edge) -> str:
    """Spell a relationship as messages name it."""
    start, verb, stop = edge
    return f"{spell_key(start)} {verb} {spell_key(stop)}"


def _unequal(what: str, earlier: int, later: int, named: str) -> GraphRefusal:
    message = f"{what}[{earlier}] and {what}[{later}] both describe {named}, and differ"
    places = [{"path": f"{what}[{index}]", "message": f"describes {named}"} for index in (earlier, later)]
    return GraphRefusal("InvalidRequest", message, places)
