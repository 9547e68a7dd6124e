"""The shape of a plan, as the command line and the API print it."""

from typing import Any

from levada_runtime.ingest.effects import Effect, Effects
from levada_runtime.ingest.model import Counts, Rejected
from levada_runtime.plans.graph import GraphEffects, Seen, outcome_of


def build_plan(
    plan_id: str, run_id: str, effects: Effects, graph: GraphEffects, deliveries: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the plan of an observed run: what records would do, what would come of the graph, what would be sent."""
    counts = count(effects).merged_into({})
    return {
        "id": plan_id,
        "run": run_id,
        "base": {"documents": sum(effect.base_version is not None for effect in effects.recorded)},
        "documents": [_document(effect) for effect in effects.recorded],
        "rejected": [describe_rejected(rejected) for rejected in effects.rejected],
        "entities": [
            {"kind": key[0], "key": key[1], **told}
            for key, seen in graph.entities.items()
            if (told := _difference(*seen, within="traits"))
        ],
        "relationships": [
            {"from": list(edge[0]), "verb": edge[1], "to": list(edge[2]), **told}
            for edge, seen in graph.relationships.items()
            if (told := _difference(*seen, within="properties"))
        ],
        "deliveries": deliveries,
        "journal": [],
        "summary": counts,
    }


def count(effects: Effects) -> Counts:
    """Return how many records would come to what."""
    counts = Counts()
    for effect in effects.recorded:
        counts.add(effect.document_type, effect.outcome)
    for rejected in effects.rejected:
        counts.add(rejected.document_type, "failed")
    return counts


def has_changes(plan: dict[str, Any]) -> bool:
    """Tell whether carrying the plan out would change anything."""
    documents = any(document["outcome"] != "unchanged" for document in plan["documents"])
    return documents or bool(plan["entities"] or plan["relationships"])


def describe_rejected(rejected: Rejected) -> dict[str, Any]:
    """Return a refused record as a plan lists it."""
    return {
        "index": rejected.index,
        "stream": rejected.stream,
        "document_type": rejected.document_type,
        "idempotency_key": rejected.idempotency_key,
        "source_id": rejected.source_id,
        "reason": rejected.reason,
        "message": rejected.message,
        "errors": [{"path": e.path, "code": e.code, "message": e.message} for e in rejected.errors],
    }


def _document(effect: Effect) -> dict[str, Any]:
    return {
        "document_type": effect.document_type,
        "idempotency_key": effect.idempotency_key,
        "outcome": str(effect.outcome),
        "base_version": effect.base_version,
        "changes": changes(effect.before or {}, effect.after or {}),
    }


def _difference(before: Seen, after: Seen, *, within: str) -> dict[str, Any] | None:
    """Return what would come of a part of the graph; None when nobody would notice."""
    outcome = outcome_of(before, after)
    if outcome == "unchanged":
        return None
    nothing: dict[str, Any] = {within: {}}
    return {"outcome": outcome, "changes": changes(before or nothing, after or nothing)}


def changes(before: Any, after: Any, path: str = "") -> list[dict[str, Any]]:
    """Return what differs between two payloads, each with its path, before and after."""
    if isinstance(before, dict) and isinstance(after, dict):
        found = []
        for name in sorted({*before, *after}):
            found += changes(before.get(name), after.get(name), f"{path}.{name}" if path else name)
        return found
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        found = []
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            found += changes(old, new, f"{path}[{index}]")
        return found
    return [] if before == after else [{"path": path, "before": before, "after": after}]
