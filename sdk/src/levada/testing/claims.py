"""What sources claim of the graph, and what their claims add up to. Values in, values out.

A claim is all that one source says of one thing: a value for each field, with the moment at which it was last asserted.
Of each field the latest assertion wins, so no source blanks what another one said.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, TypeVar

from levada._graph import Entity, Relationship
from levada._graph_vocabulary import ENTITY_CLASSES, VERBS, default_class
from levada._ingest import RecordError
from levada._nearest import did_you_mean

Ref = tuple[str, str]
"""The kind and key of an entity."""
Edge = tuple[Ref, str, Ref]
Field = tuple[str, str]
Claim = Mapping[Field, tuple[Any, int]]
Claims = Mapping[str, Claim]
"""The claims on one thing, by source."""
Thing = TypeVar("Thing", Ref, Edge)

CLASS: Field = ("entity_class", "")
NAME: Field = ("display_name", "")
GUARD_SHARE, GUARD_LEAST = 0.3, 20
OUTCOMES = ("created", "updated", "unchanged", "deleted")


@dataclass(frozen=True, slots=True)
class Claimed:
    """Everything that is claimed; `moment` counts the calls that were taken."""

    entities: Mapping[Ref, Claims] = field(default_factory=dict)
    relationships: Mapping[Edge, Claims] = field(default_factory=dict)
    moment: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """The rows of one call, by what they are about."""

    entities: dict[Ref, Mapping[Field, Any]] = field(default_factory=dict)
    relationships: dict[Edge, Mapping[Field, Any]] = field(default_factory=dict)


def read_rows(
    entities: Iterable[bytes],
    relationships: Iterable[bytes],
    wanted: Wanted | None = None,
    first: tuple[int, int] = (0, 0),
) -> tuple[Wanted, list[RecordError]]:
    """Return what the rows of a call say, and what is wrong with them; they may go on from earlier ones of it."""
    errors: list[RecordError] = []
    wanted = wanted or Wanted()
    for index, row in enumerate(map(json.loads, entities), first[0]):
        _known(row.get("entity_class"), ENTITY_CLASSES, f"entities[{index}].entity_class", errors)
        named = {CLASS: row.get("entity_class"), NAME: row.get("display_name")}
        said = {place: value for place, value in named.items() if value is not None} | _properties(row)
        _collect(wanted.entities, (row["entity_type"], row["entity_key"]), said, f"entities[{index}]", errors)
    for index, row in enumerate(map(json.loads, relationships), first[1]):
        _known(row["verb"], VERBS, f"relationships[{index}].verb", errors)
        edge = ((row["from_type"], row["from_key"]), row["verb"], (row["to_type"], row["to_key"]))
        _collect(wanted.relationships, edge, _properties(row), f"relationships[{index}]", errors)
    return wanted, errors


def claim(known: Claimed, source: str, wanted: Wanted, *, whole: bool) -> tuple[Claimed, dict[str, int]]:
    """Let a source claim what it wants; `whole` means that this is all of it, so that its other claims go."""
    moment = known.moment + 1
    entities, counted = _claimed(known.entities, source, wanted.entities, moment, whole=whole)
    relationships, more = _claimed(known.relationships, source, wanted.relationships, moment, whole=whole)
    counts = {f"entities_{name}": counted[name] for name in OUTCOMES}
    counts |= {f"relationships_{name}": more[name] for name in OUTCOMES}
    return Claimed(entities, relationships, moment), counts


def takes_too_much(known: Claimed, source: str, wanted: Wanted) -> bool:
    """Tell whether the runtime's guard would hold this as all that a source claims, unless its operator set it anew."""
    claimed, gone = Counter[tuple[int, str]](), Counter[tuple[int, str]]()
    said: AbstractSet[object] = wanted.entities.keys() | wanted.relationships.keys()
    places: list[Ref | Edge] = [ref for ref, claims in known.entities.items() if source in claims]
    places += [edge for edge, claims in known.relationships.items() if source in claims]
    for place in places:
        kind = len(place), place[-2]
        claimed[kind] += 1
        gone[kind] += place not in said
    if claimed == gone:
        return bool(places)
    return any(count > GUARD_LEAST and count > GUARD_SHARE * claimed[kind] for kind, count in gone.items())


def pending_in(claimed: Claimed, wanted: Wanted) -> int:
    """Return how many of the relationships that are wanted wait for an end."""
    return sum(start not in claimed.entities or end not in claimed.entities for start, _, end in wanted.relationships)


def entity_of(ref: Ref, claims: Claims) -> Entity:
    """Return an entity as its claims add up to it."""
    said = _latest(claims)
    entity_class, name = said.pop(CLASS, None), said.pop(NAME, None)
    properties = {key: value for (_, key), value in sorted(said.items())}
    return Entity(*ref, properties, entity_class or default_class(ref[0]), ref[1] if name is None else name)


def relationships_of(claimed: Claimed) -> tuple[Relationship, ...]:
    """Return the relationships whose ends both live; the others come back with theirs."""
    return tuple(
        Relationship(start, verb, end, {key: value for (_, key), value in sorted(_latest(claims).items())})
        for (start, verb, end), claims in sorted(claimed.relationships.items(), key=lambda item: item[0])
        if start in claimed.entities and end in claimed.entities
    )


def _claimed(
    known: Mapping[Thing, Claims], source: str, wanted: Mapping[Thing, Mapping[Field, Any]], moment: int, *, whole: bool
) -> tuple[dict[Thing, Claims], dict[str, int]]:
    counts = dict.fromkeys(OUTCOMES, 0)
    after = dict(known)
    for thing, said in wanted.items():
        before = known.get(thing, {}).get(source)
        after[thing] = {**known.get(thing, {}), source: _asserted(before or {}, said, moment, whole=whole)}
        same = before is not None and _values(before) == _values(after[thing][source])
        counts["unchanged" if same else "created" if before is None else "updated"] += 1
    for thing, claims in known.items() if whole else ():
        if source in claims and thing not in wanted:
            counts["deleted"] += 1
            after[thing] = {other: claim for other, claim in claims.items() if other != source}
            if not after[thing]:
                del after[thing]
    return after, counts


def _asserted(before: Claim, said: Mapping[Field, Any], moment: int, *, whole: bool) -> Claim:
    """A sync replaces a claim and asserts anew only what changed; a write merges into it and asserts all it says."""
    if not whole:
        return {**before, **{place: (value, moment) for place, value in said.items()}}
    kept = {place: then for place, then in before.items() if place in said and _same(then[0], said[place])}
    return {place: kept.get(place, (value, moment)) for place, value in said.items()}


def _latest(claims: Claims) -> dict[Field, Any]:
    latest: dict[Field, tuple[Any, int]] = {}
    for one in claims.values():
        for place, (value, moment) in one.items():
            if place not in latest or latest[place][1] < moment:
                latest[place] = (value, moment)
    return {place: value for place, (value, _) in latest.items()}


def _values(claim: Claim) -> dict[Field, str]:
    return {place: json.dumps(value) for place, (value, _) in claim.items()}


def _same(one: object, other: object) -> bool:
    return json.dumps(one) == json.dumps(other)


def _properties(row: Mapping[str, Any]) -> dict[Field, Any]:
    return {("properties", key): value for key, value in row.get("properties", {}).items()}


def _known(name: str | None, names: frozenset[str], place: str, errors: list[RecordError]) -> None:
    if name is not None and name not in names:
        errors.append(RecordError(place, "unknown_name", f"there is no {name!r}: {did_you_mean(name, names)}"))


def _collect(
    wanted: dict[Thing, Mapping[Field, Any]],
    thing: Thing,
    said: Mapping[Field, Any],
    place: str,
    errors: list[RecordError],
) -> None:
    if thing in wanted and not _same(sorted(wanted[thing].items()), sorted(said.items())):
        errors.append(RecordError(place, "unlike_twice", f"{thing} stands in the call twice, and not alike"))
    wanted[thing] = said
