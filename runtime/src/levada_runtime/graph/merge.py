"""What claims add up to, and what becomes of a claim when its source speaks again. Values in, values out.

Each part of a claim (the class, the display name, every trait) carries a stamp of when it was last asserted; of each
part the latest assertion wins. A stamp is the clock's microseconds, raised past every earlier one on the same thing, so
that two assertions never share one and a clock that goes back loses nothing.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, NamedTuple, Protocol

import orjson

from levada_runtime.graph.vocabulary import Vocabulary

_CLASS, _NAME, _TRAIT = "class", "display_name", "traits."


class Said(Protocol):
    """What a source says of a thing."""

    @property
    def class_(self) -> str | None: ...
    @property
    def display_name(self) -> str | None: ...
    @property
    def traits(self) -> dict[str, Any]: ...


class Claim(NamedTuple):
    """What one source last said of one thing.

    All of it was asserted at `stamp`, but the parts that `asserted` names.
    """

    class_: str | None
    display_name: str | None
    traits: dict[str, Any]
    stamp: int
    asserted: dict[str, int] = {}  # noqa: RUF012 - nobody writes to a claim
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """What all claims on one thing add up to; no class or name where nobody gives one."""

    class_: str | None
    display_name: str | None
    traits: dict[str, Any]


def same(left: Any, right: Any) -> bool:
    """Tell whether two JSON values are equal, types included: true, 1 and 1.0 are three values."""
    return left is right or _spelled(left) == _spelled(right)


def says_same(claim: Said, said: Said) -> bool:
    """Tell whether a source says again what it said before."""
    parts = claim.class_ == said.class_, claim.display_name == said.display_name
    return all(parts) and same(claim.traits, said.traits)


def first(said: Said, stamp: int, run_id: str | None) -> Claim:
    """Return the claim of a source that claimed nothing of this so far."""
    return Claim(said.class_, said.display_name, said.traits, stamp, {}, run_id)


def replaced(claim: Claim, said: Said, stamp: int, run_id: str | None) -> Claim:
    """Return a claim after a sync: it says this and nothing else, and asserts anew only what differs."""
    before = dict(_parts(claim))
    changed = {name for name, value in _parts(said) if name not in before or not same(before[name], value)}
    return _restamped(claim, said, changed, stamp, run_id)


def asserted(claim: Claim, said: Said, stamp: int, run_id: str | None) -> Claim:
    """Return a claim after an explicit write: it says this too, and asserts all of it now, equal or not."""
    whole = Sum(
        said.class_ or claim.class_,
        claim.display_name if said.display_name is None else said.display_name,
        {**claim.traits, **said.traits},
    )
    return _restamped(claim, whole, {name for name, _ in _parts(said)}, stamp, run_id)


def latest(claims: Collection[Claim]) -> int:
    """Return the latest stamp on a thing; 0 when nobody claims it."""
    return max((max(claim.stamp, *claim.asserted.values(), 0) for claim in claims), default=0)


def merged(claims: Collection[Claim], ranks: Sequence[int] | None = None) -> Sum:
    """Return what claims add up to: of every part the latest assertion.

    With `ranks`, one a claim, it is the latest of the foremost, who have the lowest.
    """
    if len(claims) == 1:
        (only,) = claims
        return Sum(only.class_, only.display_name, only.traits)
    winners: dict[str, tuple[tuple[int, int], Any]] = {}
    standing = zip(claims, ranks or repeat(0))  # noqa: B905 - without ranks all stand side by side
    for claim, rank in sorted(standing, key=lambda one: one[0].stamp):
        for name, value in _parts(claim):
            place = -rank, claim.asserted.get(name, claim.stamp)
            if name not in winners or place > winners[name][0]:
                winners[name] = (place, value)
    traits = {name.removeprefix(_TRAIT): value for name, (_, value) in winners.items() if name.startswith(_TRAIT)}
    nobody = (0, 0), None
    return Sum(winners.get(_CLASS, nobody)[1], winners.get(_NAME, nobody)[1], traits)


def shown(kind: str, external_id: str, total: Sum, vocabulary: Vocabulary) -> tuple[str, str]:
    """Return the class and the display name that an entity shows."""
    name = external_id if total.display_name is None else total.display_name
    return total.class_ or vocabulary.default_class(kind), name


def _restamped(claim: Claim, said: Said, now: Collection[str], stamp: int, run_id: str | None) -> Claim:
    stamps = {name: stamp if name in now else claim.asserted.get(name, claim.stamp) for name, _ in _parts(said)}
    distinct = set(stamps.values())
    usual = claim.stamp if len(distinct) > 1 else next(iter(distinct), claim.stamp)
    unusual: Mapping[str, int] = {name: at for name, at in stamps.items() if at != usual}
    return Claim(said.class_, said.display_name, said.traits, usual, dict(unusual), run_id)


def _parts(said: Said) -> Iterator[tuple[str, Any]]:
    if said.class_ is not None:
        yield _CLASS, said.class_
    if said.display_name is not None:
        yield _NAME, said.display_name
    for name, value in said.traits.items():
        yield _TRAIT + name, value


def _spelled(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
