"""What a run changed of its sources' claims, kept as JSON in the transaction that changed it, so that it can be undone.

Of each claim it is kept what its source said before, or that it said nothing. A claim names the run that wrote it, so
whether somebody has changed it since can be told from the claim itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from levada_runtime.graph.diff import Changes, ClaimChange
from levada_runtime.graph.merge import Claim
from levada_runtime.graph.model import Edge, Key
from levada_runtime.graph.operations import Restore


@dataclass(slots=True)
class Undone:
    """What has to be put back of one source: its claims before the run, and which of them the run left in place."""

    entities: dict[Key, Claim | None] = field(default_factory=dict)
    relationships: dict[Edge, Claim | None] = field(default_factory=dict)
    left: set[Key | Edge] = field(default_factory=set)

    def earlier(self, place: Key | Edge) -> Claim | None:
        """Return what the source said before the run."""
        return self.entities.get(place) if len(place) == 2 else self.relationships.get(place)

    def restore(self, source: str, kept: Iterable[Key | Edge], run_id: str) -> Restore:
        """Return what puts these claims back, in the name of another run."""
        chosen = set(kept)
        return Restore(
            source,
            {key: _named(claim, run_id) for key, claim in self.entities.items() if key in chosen},
            {edge: _named(claim, run_id) for edge, claim in self.relationships.items() if edge in chosen},
            run_id,
        )


def undo_of(changes: Changes, events: list[int]) -> dict[str, Any]:
    """Return what is kept of an operation's changes, and the events that told of them."""
    return {
        "entities": [[*one.state.key, *_told(one.claims)] for one in changes.entities],
        "relationships": [[one.edge, *_told(one.claims)] for one in changes.relationships],
        "events": events,
    }


def read_undo(kept: Iterable[dict[str, Any]]) -> tuple[dict[str, Undone], list[int]]:
    """Return by source what a whole run has to put back, and the events that told of what it did."""
    undone: dict[str, Undone] = {}
    events: list[int] = []
    for changes in kept:
        events += changes["events"]
        for kind, key, source, earlier, there in changes["entities"]:
            of_source = undone.setdefault(source, Undone())
            of_source.entities.setdefault((kind, key), _claim(earlier))
            _leave(of_source.left, (kind, key), there=there)
        for (start, verb, stop), source, earlier, there in changes["relationships"]:
            edge = (start[0], start[1]), verb, (stop[0], stop[1])
            of_source = undone.setdefault(source, Undone())
            of_source.relationships.setdefault(edge, _claim(earlier))
            _leave(of_source.left, edge, there=there)
    return undone, events


def _told(change: ClaimChange) -> tuple[str, list[Any] | None, bool]:
    """Return the source, what it said before, and whether it still claims the thing."""
    source = change.source or change.dropped[0]
    return source, None if change.earlier is None else _spelled(change.earlier), not change.dropped


def _spelled(claim: Claim) -> list[Any]:
    return [claim.class_, claim.display_name, claim.traits, claim.stamp, claim.asserted, claim.run_id]


def _claim(kept: list[Any] | None) -> Claim | None:
    return None if kept is None else Claim(*kept)


def _leave(left: set[Key | Edge], place: Key | Edge, *, there: bool) -> None:
    (left.add if there else left.discard)(place)


def _named(claim: Claim | None, run_id: str) -> Claim | None:
    return None if claim is None else claim._replace(run_id=run_id)
