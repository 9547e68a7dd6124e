"""Walks over the graph: what lies around an entity, and the shortest way from one to another.

A walk goes level by level, each level asked for at once, over relationships whose ends are there at its moment. It
takes in so much and no more, and says when it left something out.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from levada_runtime.store.graph_history import Edge
from levada_runtime.store.patience import Patience
from levada_runtime.store.unit_of_work import UnitOfWork

Direction = Literal["out", "in", "both"]
MOST_DEPTH = 10
MOST_RESULTS = 10_000
MOST_FOLLOWED = 100_000
"""How many relationships a search for a way looks at."""
_BACK: dict[Direction, Direction] = {"out": "in", "in": "out", "both": "both"}


@dataclass(frozen=True, slots=True)
class Terms:
    """Which relationships are followed: those of these verbs (any, when there are none), that way, as they were."""

    org_id: int
    direction: Direction
    verbs: Collection[str]
    at: datetime | None

    def back(self) -> "Terms":
        return Terms(self.org_id, _BACK[self.direction], self.verbs, self.at)


@dataclass(slots=True)
class Surroundings:
    """What lies around an entity: how far away each is, and the relationships that were followed."""

    depths: dict[int, int]
    edges: dict[tuple[int, str, int], Edge] = field(default_factory=dict)
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """The relationships from one entity to another, in order; None when none was found.

    `truncated` says that there may be one all the same.
    """

    edges: list[Edge] | None
    truncated: bool


def around(uow: UnitOfWork, terms: Terms, start: int, *, depth: int, limit: int, patience: Patience) -> Surroundings:
    """Walk away from an entity, nearest first, until there are `limit` entities or relationships."""
    seen, frontier = Surroundings({start: 0}), [start]
    for level in range(1, depth + 1):
        patience.look()
        found = _steps(uow, terms, frontier, 2 * limit + 1)
        frontier = []
        for edge in found:
            far = [end for end in (edge.from_id, edge.to_id) if end not in seen.depths]
            place = (edge.from_id, edge.verb, edge.to_id)
            if place in seen.edges:
                continue
            if len(seen.edges) == limit or len(seen.depths) + len(far) > limit + 1:
                seen.truncated = True
                continue
            seen.edges[place] = edge
            seen.depths.update(dict.fromkeys(far, level))
            frontier += far
        if seen.truncated or not frontier:
            break
    return seen


def shortest(uow: UnitOfWork, terms: Terms, start: int, goal: int, *, depth: int, patience: Patience) -> Way:
    """Search from both ends for the shortest way, of `depth` relationships at most; of several the oldest."""
    there, back = _Side(terms, start), _Side(terms.back(), goal)
    left = MOST_FOLLOWED
    for _ in range(depth if start != goal else 0):
        near, other = (there, back) if len(there.frontier) <= len(back.frontier) else (back, there)
        patience.look()
        left -= near.expand(uow, left)
        met = near.reached.keys() & other.reached.keys()
        if met:
            middle = min(met)
            return Way([*reversed(there.trail(middle)), *back.trail(middle)], truncated=False)
        if left <= 0 or not near.frontier:
            break
    return Way([] if start == goal else None, truncated=left <= 0)


class _Side:
    """What a search has reached from one of its ends, and by which relationship first."""

    def __init__(self, terms: Terms, start: int) -> None:
        self._terms = terms
        self.reached: dict[int, tuple[Edge, int] | None] = {start: None}
        self.frontier = [start]

    def expand(self, uow: UnitOfWork, limit: int) -> int:
        """Go one level on, and say how many relationships that took."""
        found, was, self.frontier = _steps(uow, self._terms, self.frontier, limit), set(self.frontier), []
        for edge in found:
            for near, far in ((edge.from_id, edge.to_id), (edge.to_id, edge.from_id)):
                if near in was and far not in self.reached:
                    self.reached[far] = (edge, near)
                    self.frontier.append(far)
        return len(found)

    def trail(self, place: int) -> list[Edge]:
        """Return the relationships from a place back to this side's end."""
        trail = []
        while (step := self.reached[place]) is not None:
            edge, place = step
            trail.append(edge)
        return trail


def _steps(uow: UnitOfWork, terms: Terms, ids: Collection[int], limit: int) -> list[Edge]:
    found: list[Edge] = []
    if terms.direction != "in":
        found += uow.graph_history.edges_from(terms.org_id, ids, terms.verbs, terms.at, limit)
    if terms.direction != "out":
        found += uow.graph_history.edges_to(terms.org_id, ids, terms.verbs, terms.at, limit)
    return sorted(set(found))
