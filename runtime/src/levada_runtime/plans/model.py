"""The shape of a plan, as the command line and the API print it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from levada_runtime.foundation.errors import NotFoundFailure
from levada_runtime.foundation.masking import Mask
from levada_runtime.graph.guard import Held
from levada_runtime.ingest.effects import Effect, Effects
from levada_runtime.ingest.model import Counts, Origin, Rejected
from levada_runtime.plans.graph import GraphEffects, Seen, bases, outcome_of, spell
from levada_runtime.store.columns import from_micros


def build_plan(
    plan_id: str,
    origin: Origin,
    observed_at: datetime,
    effects: Effects,
    graph: GraphEffects,
    deliveries: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return the plan of an observed run: what records would do, what would come of the graph, what would be sent."""
    counts = count(effects).merged_into({})
    return {
        "id": plan_id,
        "run": origin.run_id,
        "connection": origin.connection,
        "connector": origin.connector,
        "stream": origin.stream,
        "observed_at": observed_at.isoformat(),
        "base": {"documents": sum(effect.base_version is not None for effect in effects.recorded)},
        "documents": [_document(effect) for effect in effects.recorded],
        "rejected": [describe_rejected(rejected) for rejected in effects.rejected],
        "entities": [
            {**spell(key), **told}
            for key, seen in graph.entities.items()
            if (told := _difference(*seen, within="traits"))
        ],
        "relationships": [
            {**spell(edge), **told}
            for edge, seen in graph.settled()
            if (told := _difference(*seen, within="properties"))
        ],
        "held": [_held(one) for one in graph.held],
        "assertions": {"operations": graph.operations, "bases": bases(graph.own)},
        "deliveries": deliveries,
        "journal": [],
        "summary": counts,
    }


def masked(plan: dict[str, Any], mask: Mask) -> dict[str, Any]:
    """Return a plan without secrets; what it can no longer be applied by, because a secret stood there, is marked."""
    told: dict[str, Any] = mask.value(plan)
    for whole, kept in zip(plan["documents"], told["documents"], strict=True):
        _mark(whole, kept, "idempotency_key", "payload", "source_id")
    for whole, kept in zip(plan["assertions"]["operations"], told["assertions"]["operations"], strict=True):
        for name in ("entities", "relationships"):
            for row, kept_row in zip(whole[name], kept[name], strict=True):
                _mark(row, kept_row, *row)
    return told


def _mark(whole: dict[str, Any], kept: dict[str, Any], *names: str) -> None:
    if any(whole[name] != kept[name] for name in names):
        kept["masked"] = True


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


def _held(one: Held) -> dict[str, Any]:
    return {
        "source": one.source,
        "reasons": [reason.view() for reason in one.reasons],
        "counts": one.would.done(),
        "message": one.told,
    }


def _document(effect: Effect) -> dict[str, Any]:
    return {
        "document_type": effect.document_type,
        "idempotency_key": effect.idempotency_key,
        "stream": effect.stream,
        "outcome": str(effect.outcome),
        "superseded": effect.superseded,
        "base_version": effect.base_version,
        "base_retired": effect.base_retired,
        "source_id": effect.source_id,
        "rekeyed_from": effect.rekeyed_from,
        "confirms": effect.confirms,
        "source_time": None if effect.source_time is None else from_micros(effect.source_time).isoformat(),
        "changes": changes(effect.before or {}, effect.after or {}),
        "payload": effect.payload,
    }


def difference(
    versions: Iterable[Mapping[str, Any]], before: int | None = None, after: int | None = None
) -> dict[str, Any]:
    """Return what differs between two versions of a document: the newest and the one before, unless others are named.

    Before the first version, as 0, there was nothing. Raises NotFoundFailure naming a version that there is not.
    """
    found: dict[int, Any] = {0: {}, **{one["version"]: one["payload"] for one in versions}}
    later = max(found) if after is None else after
    earlier = max(later - 1, 0) if before is None else before
    for version in (earlier, later):
        if version not in found:
            raise NotFoundFailure(f"the document has no version {version}", hint=f"it has {len(found) - 1}")
    return {"before": earlier, "after": later, "changes": changes(found[earlier], found[later])}


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
