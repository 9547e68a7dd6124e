"""The guard: what takes too much away looks like a partial reading taken for a full one. Values in, values out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from levada_runtime.graph.dangling import refuse_dangling
from levada_runtime.graph.model import SyncCounts
from levada_runtime.graph.operations import Sync
from levada_runtime.graph.picture import Picture

What = Literal["entities", "relationships", "everything"]


@dataclass(frozen=True, slots=True)
class Guard:
    """How much of its claims a source may take away at once."""

    share: float = 0.3
    least: int = 20
    """As many of a kind may go in any case, but not everything that the source claims."""


@dataclass(frozen=True, slots=True)
class Losses:
    """How much a source claims, and how much of that it does not name any longer: by kind, or verb."""

    claimed: dict[str, int] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, *, gone: bool) -> None:
        """Count one claim."""
        self.claimed[kind] = self.claimed.get(kind, 0) + 1
        self.gone[kind] = self.gone.get(kind, 0) + gone

    @property
    def any(self) -> bool:
        """Whether anything is gone."""
        return any(self.gone.values())


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a sync is held: of a kind of entities, of a verb, or of everything, this much would go."""

    what: What
    of: str | None
    claimed: int
    gone: int

    def view(self) -> dict[str, Any]:
        """Return the reason as it is kept and shown."""
        named = {"entities": {"kind": self.of}, "relationships": {"verb": self.of}, "everything": {}}[self.what]
        return {"what": self.what, **named, "claimed": self.claimed, "deleted": self.gone, "message": self.spelled}

    @property
    def spelled(self) -> str:
        """Say it in words."""
        if self.what == "everything":
            return f"it would delete all {self.claimed:,} claims of its source"
        named = f"entities of the kind {self.of}" if self.what == "entities" else f"{self.of} relationships"
        return f"it would delete {self.gone:,} of {self.claimed:,} {named}"


@dataclass(frozen=True, slots=True)
class Held:
    """That a sync is not applied, why, and what it would have done; without an id it was only observed."""

    source: str
    reasons: tuple[Reason, ...]
    would: SyncCounts
    id: str | None = None

    @property
    def told(self) -> str:
        """Say it in a sentence."""
        return f"a sync of {self.source} is held: {' and '.join(one.spelled for one in self.reasons)}"


def losses_in(picture: Picture, operation: Sync) -> tuple[Losses, Losses]:
    """Return what a sync takes away of its source's claims: entities by kind, relationships by verb.

    The picture must have been prepared for it. Nothing is counted where nothing goes.
    """
    difference, entities, relationships = picture.difference(operation), Losses(), Losses()
    if difference.gone or difference.parted:
        for key in picture.claimed_by(operation.source):
            entities.add(key[0], gone=key in difference.gone)
        for triple in picture.related_by(operation.source):
            relationships.add(triple[1], gone=triple in difference.parted)
    return entities, relationships


def would_do(picture: Picture, operation: Sync) -> SyncCounts:
    """Return what a sync would do to its source's claims; the picture must have been prepared for it.

    Raises GraphRefusal when it cannot be done at all.
    """
    source, batch, difference = operation.source, operation.batch, picture.difference(operation)
    dying = {key for key in difference.gone if len(picture.entities[key].claims) == 1}
    if not operation.pending:
        refuse_dangling(picture, batch.relationships, batch.entities.keys(), dying)
    there = {
        end: end in batch.entities or (end not in dying and picture.there(end))
        for start, _, stop in batch.relationships
        for end in (start, stop)
    }
    entities = sum(source not in state.claims for state, _ in difference.entities)
    relationships = sum(source not in state.claims for state, _ in difference.relationships)
    return SyncCounts(
        entities_created=entities,
        entities_updated=len(difference.entities) - entities,
        entities_unchanged=len(batch.entities) - len(difference.entities),
        entities_deleted=len(difference.gone),
        relationships_created=relationships,
        relationships_updated=len(difference.relationships) - relationships,
        relationships_unchanged=len(batch.relationships) - len(difference.relationships),
        relationships_deleted=len(difference.parted),
        relationships_pending=sum(not (there[start] and there[stop]) for start, _, stop in batch.relationships),
    )


def reasons(guard: Guard, entities: Losses, relationships: Losses) -> tuple[Reason, ...]:
    """Return why what would go is too much; nothing when it is not."""
    claimed = sum(entities.claimed.values()) + sum(relationships.claimed.values())
    gone = sum(entities.gone.values()) + sum(relationships.gone.values())
    if gone and gone == claimed:
        return (Reason("everything", None, claimed, gone),)
    return (*_beyond(guard, "entities", entities), *_beyond(guard, "relationships", relationships))


def _beyond(guard: Guard, what: What, losses: Losses) -> Iterator[Reason]:
    for kind, gone in sorted(losses.gone.items()):
        claimed = losses.claimed[kind]
        if gone > guard.least and gone > guard.share * claimed:
            yield Reason(what, kind, claimed, gone)
