"""The graph's half of a plan: what it asserts is done where the graph still is as it was, and refused elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.graph.diff import Changes
from levada_runtime.graph.merge import same
from levada_runtime.graph.model import GraphRefusal
from levada_runtime.graph.operations import Amend, Write, spell_edge, spell_key
from levada_runtime.graph.picture import Picture
from levada_runtime.graph.service import Graph
from levada_runtime.plans.border import PlannedAssertions, PlannedOperation
from levada_runtime.plans.graph import Change, Place, spell, sum_up

_MOVED = "moved"
_MASKED = "masked"
_TOLD = {
    _MOVED: "it is not what it was when the plan was made",
    _MASKED: "it holds a secret, which a plan does not keep: run the stream instead",
}


@dataclass(slots=True)
class Asserted:
    """What of a plan's assertions can be done, and what they come to over the picture."""

    operations: list[Write | Amend]
    picture: Picture
    changes: list[Changes] = field(default_factory=list)
    refused: dict[Place, str] = field(default_factory=dict)
    """Why, by what is refused."""

    def described(self) -> list[dict[str, Any]]:
        """Return what is refused, by name."""
        return [{**spell(place), "reason": reason, "message": _TOLD[reason]} for place, reason in self.refused.items()]


def assert_again(graph: Graph, org_id: int, planned: PlannedAssertions, run_id: str) -> Asserted:
    """Return what can be done of these assertions as the graph is now, and nothing is done.

    Whatever would come to something else than was planned is left out, and everything that builds on it.
    Raises UsageFailure for what the graph would never take.
    """
    operations = planned.operations
    masked: list[Place] = [row.place for one in operations for row in one.entities if row.masked]
    masked += [row.place for one in operations for row in one.relationships if row.masked]
    refused = dict.fromkeys(masked, _MASKED)
    expected = planned.changes()
    while True:
        asserted = Asserted([], graph.picture(org_id), refused=refused)
        fresh = _observed(graph, operations, asserted, expected, run_id)
        if not fresh:
            return asserted
        refused = {**refused, **dict.fromkeys(sorted(fresh, key=str), _MOVED)}


def _observed(
    graph: Graph,
    operations: Sequence[PlannedOperation],
    asserted: Asserted,
    expected: Mapping[Place, Change],
    run_id: str,
) -> set[Place]:
    """Observe what is not refused yet, and return what is to be refused, too."""
    total: dict[Place, Change] = {}
    for one in operations:
        try:
            operation = _operation(graph, one, asserted.refused.keys(), run_id)
            changes = graph.observe(asserted.picture, operation)
        except GraphRefusal as refusal:
            raise _invalid(refusal) from None
        asserted.operations.append(operation)
        asserted.changes.append(changes)
        sum_up(total, changes)
    left = {place: change for place, change in expected.items() if place not in asserted.refused}
    return {place for place in total.keys() | left.keys() if not _equal(total.get(place), left.get(place))}


def _operation(graph: Graph, planned: PlannedOperation, refused: Iterable[Place], run_id: str) -> Write | Amend:
    left_out = set(refused)
    entities = [one.draft() for one in planned.entities if one.place not in left_out]
    relationships = [one.draft() for one in planned.relationships if one.place not in left_out]
    if planned.op == "write":
        return graph.write_operation(planned.source, entities, relationships, run_id=run_id, pending=True)
    gone: list[Any] = [one.place for one in planned.gone if one.place not in left_out]
    parted: list[Any] = [one.place for one in planned.parted if one.place not in left_out]
    return graph.amend_operation(
        planned.source, run_id, entities, relationships, gone, parted, run_id=run_id, pending=True
    )


def _equal(left: Change | None, right: Change | None) -> bool:
    return left is not None and right is not None and same(left, right)


def _invalid(refusal: GraphRefusal) -> UsageFailure:
    return UsageFailure(
        f"the graph does not take what the plan asserts: {refusal.message}",
        code="invalid_plan",
        details={"errors": refusal.details},
    )


def spell_place(place: Mapping[str, Any]) -> str:
    """Spell a part of the graph that was refused as messages name it."""
    if "kind" in place:
        return spell_key((place["kind"], place["key"]))
    return spell_edge((tuple(place["from"]), place["verb"], tuple(place["to"])))
