"""What an operation makes of a picture: its claims before and after, what that adds up to, and how it is counted.

Pure but for the picture, which shows the outcome afterwards; whatever is refused is refused before anything changes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from levada_runtime.graph.dangling import refuse_dangling
from levada_runtime.graph.guard import Held
from levada_runtime.graph.merge import Claim, Said, asserted, first, latest, merged, replaced, same, says_same
from levada_runtime.graph.model import Edge, Entity, Key, RelationshipDraft, SyncCounts
from levada_runtime.graph.operations import (
    Amend,
    Delete,
    Operation,
    Project,
    Restore,
    Sync,
    Write,
)
from levada_runtime.graph.picture import NEVER, EntityState, Picture, RelationshipState
from levada_runtime.store.columns import to_micros

Verb = Literal["created", "updated", "deleted"]
Speaking = Sync | Write | Amend
_INSTANT = timedelta(microseconds=1)
_micros = lru_cache(maxsize=64)(to_micros)
"""All that one operation says is said at one moment."""


class ClaimChange(NamedTuple):
    """What became of the claims on one thing: one source's is new or says something else, or some are gone."""

    source: str | None = None
    claim: Claim | None = None
    new: bool = False
    dropped: tuple[str, ...] = ()
    earlier: Claim | None = None
    """What the one source said before."""


class EntityChange(NamedTuple):
    """An entity whose claims changed, as readers saw it before and see it now (None: not there)."""

    state: EntityState
    stored: bool
    claims: ClaimChange
    before: Entity | None
    after: Entity | None
    happened: Verb | None
    """What readers notice of it, seen times apart."""
    stood: datetime
    """Since when it stood as it did before."""


class RelationshipChange(NamedTuple):
    """A relationship whose claims changed, with the properties it had and has (None: nobody claims it)."""

    state: RelationshipState
    edge: Edge
    stored: bool
    claims: ClaimChange
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    stood: datetime
    """Since when it stood as it did before."""
    awaits: tuple[Key, ...] = ()
    """The ends that are not there, for which it is pending."""


@dataclass(frozen=True, slots=True)
class Synced:
    """That a source synced, and when."""

    source: str
    sync_id: str | None
    at: datetime


@dataclass(slots=True)
class Changes:
    """Everything an operation changes."""

    entities: list[EntityChange] = field(default_factory=list)
    relationships: list[RelationshipChange] = field(default_factory=list)
    counts: SyncCounts = field(default_factory=SyncCounts)
    synced: Synced | None = None
    awaited: list[EntityState] = field(default_factory=list)
    """Ends of pending relationships that the graph has never heard of: they get a row, and nobody claims them."""
    pending: int = 0
    """How many of the relationships that were said wait for an end."""
    held: Held | None = None
    """That nothing was applied, since the guard holds it."""


def apply(picture: Picture, operation: Operation, at: datetime) -> Changes:
    """Apply an operation to a picture that was prepared for it.

    Raises GraphRefusal when a relationship has an end that is not there and must not be pending.
    """
    match operation:
        case Sync() | Amend():
            return _replace(picture, operation, at)
        case Write():
            return _write(picture, operation, at)
        case Delete():
            return _delete(picture, operation, at)
        case Restore():
            return _restore(picture, operation, at)
        case Project():
            return _project(picture, operation, at)


def _replace(picture: Picture, operation: Sync | Amend, at: datetime) -> Changes:
    source, batch, differs = operation.source, operation.batch, picture.difference(operation)
    if not operation.pending:
        dying = {key for key in differs.gone if len(picture.entities[key].claims) == 1}
        refuse_dangling(picture, batch.relationships, batch.entities.keys(), dying)
    changes = Changes()
    for state, draft in differs.entities:
        changes.entities.append(_claim(picture, state, operation, draft, at))
    for key in sorted(differs.gone):
        changes.entities.append(_unclaim(picture, picture.entities[key], (source,), at))
    for known, said in differs.relationships:
        change = (
            _relate(picture, known, operation, said, at) if known.claims else _join(picture, known, operation, said, at)
        )
        changes.relationships.append(change)
    for place in sorted(differs.parted):
        changes.relationships.append(_part(picture, picture.relationships[place], source, at))
    if operation.pending:
        _wait(picture, batch.relationships, changes, at)
    picture.synced[source] = max(at, picture.synced.get(source, NEVER))
    changes.synced = Synced(source, operation.sync_id, picture.synced[source])
    same_entities = len(batch.entities) - len(differs.entities)
    changes.counts = _counted(changes, same_entities, len(batch.relationships) - len(differs.relationships))
    return changes


def _write(picture: Picture, operation: Write, at: datetime) -> Changes:
    if not operation.pending:
        refuse_dangling(picture, operation.batch.relationships, operation.batch.entities.keys(), set())
    changes = Changes()
    again = [0, 0]
    for key, entity in operation.batch.entities.items():
        state = picture.entities[key]
        changes.entities.append(_claim(picture, state, operation, entity, at))
        again[0] += _repeats(operation, state.claims, changes.entities[-1].state.claims)
    for edge, relationship in operation.batch.relationships.items():
        known = picture.relationships[picture.triple(edge)]
        changes.relationships.append(_relate(picture, known, operation, relationship, at))
        again[1] += _repeats(operation, known.claims, changes.relationships[-1].state.claims)
    if operation.pending:
        _wait(picture, operation.batch.relationships, changes, at)
    counts = _counted(changes, *again)
    changes.counts = replace(
        counts,
        entities_updated=counts.entities_updated - again[0],
        relationships_updated=counts.relationships_updated - again[1],
    )
    return changes


def _project(picture: Picture, operation: Project, at: datetime) -> Changes:
    changes, again = Changes(), [0, 0]
    for part in operation.parts:
        states = ((picture.entities[key], draft) for key, draft in part.batch.entities.items())
        differing = _differing(states, part.source)
        changes.entities += [_claim(picture, state, part, draft, at) for state, draft in differing]
        gone = sorted(picture.claimed_by(part.source) - part.batch.entities.keys())
        changes.entities += [_unclaim(picture, picture.entities[key], (part.source,), at) for key in gone]
        again[0] += len(part.batch.entities) - len(differing)
    for part in operation.parts:
        said = {picture.triple(edge): draft for edge, draft in part.batch.relationships.items()}
        found = _differing(((picture.relationships[place], draft) for place, draft in said.items()), part.source)
        changes.relationships += [_relate(picture, edge, part, draft, at) for edge, draft in found]
        parted = sorted(picture.related_by(part.source) - said.keys())
        changes.relationships += [_part(picture, picture.relationships[one], part.source, at) for one in parted]
        again[1] += len(said) - len(found)
    _wait(picture, sorted(operation.edges()), changes, at)
    changes.counts = _counted(changes, *again)
    return changes


def _repeats(operation: Write, before: Mapping[str, Claim], after: Mapping[str, Claim]) -> bool:
    """Tell whether a source asserts what it had asserted already, which is counted as unchanged."""
    return operation.source in before and says_same(before[operation.source], after[operation.source])


def _delete(picture: Picture, operation: Delete, at: datetime) -> Changes:
    state = picture.entities[operation.key]
    return Changes([_unclaim(picture, state, tuple(state.claims), at)] if state.claims else [])


def _restore(picture: Picture, operation: Restore, at: datetime) -> Changes:
    source, changes = operation.source, Changes()
    states = {key: picture.entities[key] for key in operation.entities}
    for key, claim in operation.entities.items():
        if claim is not None:
            changes.entities.append(_shown(picture, states[key], *_put(states[key].claims, source, claim), at))
        elif source in states[key].claims:
            changes.entities.append(_unclaim(picture, states[key], (source,), at))
    for edge, claim in operation.relationships.items():
        state = picture.relationships[picture.triple(edge)]
        if claim is not None:
            changes.relationships.append(_related(picture, state, *_put(state.claims, source, claim), at))
        elif source in state.claims:
            changes.relationships.append(_part(picture, state, source, at))
    _wait(picture, [edge for edge, claim in operation.relationships.items() if claim], changes, at)
    changes.counts = _counted(changes, 0, 0)
    return changes


def _put(claims: Mapping[str, Claim], source: str, claim: Claim) -> tuple[ClaimChange, dict[str, Claim]]:
    known = claims.get(source)
    return ClaimChange(source, claim, new=known is None, earlier=known), {**claims, source: claim}


def _differing(said: Iterable[tuple[Any, Any]], source: str) -> list[tuple[Any, Any]]:
    """Return the things of which the source did not say the same before."""
    return [
        (state, draft)
        for state, draft in said
        if source not in state.claims or not says_same(state.claims[source], draft)
    ]


def _claim(picture: Picture, state: EntityState, operation: Speaking, said: Said, at: datetime) -> EntityChange:
    return _shown(picture, state, *_said(state.claims, operation, said, at), at)


def _shown(
    picture: Picture, state: EntityState, change: ClaimChange, claims: Mapping[str, Claim], at: datetime
) -> EntityChange:
    before = picture.view(state)
    if before is None:
        seen, since = (at, at), rising(at, state.since)
    else:
        seen, since = (state.first_seen, max(at, state.last_written)), state.since
    now = EntityState(state.id, state.uid, state.kind, state.external_id, *seen, claims, stored=True, since=since)
    return _became(picture, state, now, change, before, at)


def _unclaim(picture: Picture, state: EntityState, sources: tuple[str, ...], at: datetime) -> EntityChange:
    """Drop claims; that their sources saw the entity until now stays true of it."""
    seen = (picture.synced[source] for source in sources if source in picture.synced)
    claims = {source: claim for source, claim in state.claims.items() if source not in sources}
    now = state._replace(last_written=max((state.last_written, *seen)), claims=claims)
    earlier = state.claims[sources[0]] if len(sources) == 1 else None
    return _became(picture, state, now, ClaimChange(dropped=sources, earlier=earlier), picture.view(state), at)


def _became(
    picture: Picture, state: EntityState, now: EntityState, change: ClaimChange, before: Entity | None, at: datetime
) -> EntityChange:
    after = picture.view(now)
    happened = noticed(before, after)
    shown = now._replace(since=rising(at, state.since)) if happened and now.since == state.since else now
    picture.put(shown)
    return EntityChange(shown, state.stored, change, before, after, happened, state.since)


def noticed(before: Entity | None, after: Entity | None) -> Verb | None:
    """Return what readers notice of a change, seen times apart."""
    if before is None or after is None:
        return "created" if before is None else "deleted"
    names = before.class_ == after.class_, before.display_name == after.display_name
    return None if all(names) and same(before.traits, after.traits) else "updated"


def _relate(
    picture: Picture, state: RelationshipState, operation: Speaking, said: Said, at: datetime
) -> RelationshipChange:
    return _related(picture, state, *_said(state.claims, operation, said, at), at)


def _join(
    picture: Picture, state: RelationshipState, operation: Speaking, said: RelationshipDraft, at: datetime
) -> RelationshipChange:
    """Relate what nobody claims, as most of a first load does; it comes to the same as `_relate`, in half the time."""
    source, stood, properties, edge = operation.source, state.since, said.properties, said.edge
    claim = Claim(None, None, properties, _micros(at), {}, operation.run_id)
    since = at if stood is NEVER else rising(at, stood)
    now = RelationshipState(state.id, *state.triple, at, at, {source: claim}, stored=True, since=since)
    picture.relate(now)
    awaits = tuple(end for end in (edge[0], edge[2]) if not picture.there(end)) if operation.pending else ()
    told = ClaimChange(source, claim, new=True)
    return RelationshipChange(now, edge, state.stored, told, None, properties, stood, awaits)


def _related(
    picture: Picture, state: RelationshipState, change: ClaimChange, claims: Mapping[str, Claim], at: datetime
) -> RelationshipChange:
    if state.claims:
        seen, since = (state.first_seen, max(at, state.last_written)), state.since
    else:
        seen, since = (at, at), rising(at, state.since)
    now = RelationshipState(state.id, *state.triple, *seen, claims, stored=True, since=since)
    return _turned(picture, state, now, change, at)


def _part(picture: Picture, state: RelationshipState, source: str, at: datetime) -> RelationshipChange:
    claims = {other: claim for other, claim in state.claims.items() if other != source}
    now = state._replace(claims=claims, stored=bool(claims))
    return _turned(picture, state, now, ClaimChange(dropped=(source,), earlier=state.claims[source]), at)


def _turned(
    picture: Picture, state: RelationshipState, now: RelationshipState, change: ClaimChange, at: datetime
) -> RelationshipChange:
    before, after = _total(state), _total(now)
    changed = before is None or after is None or not same(before, after)
    shown = now._replace(since=rising(at, state.since)) if changed and now.since == state.since else now
    picture.relate(shown)
    edge = picture.edge(shown)
    start, _, stop = edge
    whole = after is None or (picture.there(start) and picture.there(stop))
    awaits = () if whole else tuple(end for end in (start, stop) if not picture.there(end))
    return RelationshipChange(shown, edge, state.stored, change, before, after, state.since, awaits)


def rising(at: datetime, since: datetime) -> datetime:
    """Return when a thing changes: now, but after it changed before, so that no moment has two states."""
    return max(at, since + _INSTANT)


def _said(
    claims: Mapping[str, Claim], operation: Speaking, said: Said, at: datetime
) -> tuple[ClaimChange, dict[str, Claim]]:
    known = claims.get(operation.source)
    stamp = max(_micros(at), latest(claims.values()) + 1) if claims else _micros(at)
    if known is None:
        claim = first(said, stamp, operation.run_id)
    elif isinstance(operation, Sync | Amend):
        claim = replaced(known, said, stamp, operation.run_id)
    else:
        claim = asserted(known, said, stamp, operation.run_id)
    change = ClaimChange(operation.source, claim, new=known is None, earlier=known)
    return change, {**claims, operation.source: claim}


def _total(state: RelationshipState) -> dict[str, Any] | None:
    claims = state.claims
    if len(claims) == 1:
        return next(iter(claims.values())).traits
    return merged(claims.values()).traits if claims else None


def _wait(picture: Picture, edges: Iterable[Edge], changes: Changes, at: datetime) -> None:
    """Note how many of these relationships are pending, and which of their ends the graph has never heard of."""
    for start, _, stop in edges:
        waiting = False
        for end in (start, stop):
            waiting = waiting or not picture.there(end)
            state = picture.entities.get(end)
            if state is not None and not state.stored:
                changes.awaited.append(state._replace(first_seen=at, last_written=at, stored=True, since=at))
                picture.put(changes.awaited[-1])
        changes.pending += waiting


def _counted(changes: Changes, entities_unchanged: int, relationships_unchanged: int) -> SyncCounts:
    entities = [_did(one.claims) for one in changes.entities]
    relationships = [_did(one.claims) for one in changes.relationships]
    return SyncCounts(
        entities_created=entities.count("created"),
        entities_updated=entities.count("updated"),
        entities_unchanged=entities_unchanged,
        entities_deleted=entities.count("deleted"),
        relationships_created=relationships.count("created"),
        relationships_updated=relationships.count("updated"),
        relationships_unchanged=relationships_unchanged,
        relationships_deleted=relationships.count("deleted"),
        relationships_pending=changes.pending,
    )


def _did(change: ClaimChange) -> Verb:
    if change.dropped:
        return "deleted"
    return "created" if change.new else "updated"
