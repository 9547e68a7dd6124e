"""A plan, as people read it."""

from typing import Any

import orjson
from rich.console import Console

from levada_runtime.cli.frame import table
from levada_runtime.cli.summaries import summary

_SHOWN_CHANGES = 40
_SHOWN_CHARACTERS = 200


def show_plan(out: Console, plan: dict[str, Any]) -> None:
    moving = [document for document in plan["documents"] if document["outcome"] != "unchanged"]
    rows = [
        {**document, "changes": "; ".join(_change(change) for change in document["changes"][:4])}
        for document in moving[:_SHOWN_CHANGES]
    ]
    if rows:
        table(rows, ("outcome", "document_type", "idempotency_key", "changes"), "")(out)
    graph = [*plan["entities"], *plan["relationships"]][:_SHOWN_CHANGES]
    if graph:
        table([_graph_row(one) for one in graph], ("outcome", "in the graph", "changes"), "")(out)
    more = len(moving) - len(rows) + len(plan["entities"]) + len(plan["relationships"]) - len(graph)
    if more:
        out.print(f"… and {more} more; --json or --out has them all")
    if plan["deliveries"]:
        sent = [_delivery_row(one) for one in plan["deliveries"][:_SHOWN_CHANGES]]
        table(sent, ("pipeline", "destination", "would send"), "")(out)
        if len(plan["deliveries"]) > len(sent):
            out.print(f"… and {len(plan['deliveries']) - len(sent)} more deliveries")
    refused = [{**record, "outcome": "rejected"} for record in plan["rejected"]]
    if refused:
        table(refused, ("outcome", "document_type", "idempotency_key", "reason", "message"), "")(out)
    out.print(
        f"would be: {summary({'counts': plan['summary']})} (plan {plan['id']}; nothing was written)", markup=False
    )


def _graph_row(one: dict[str, Any]) -> dict[str, Any]:
    """Return an entity as `kind:key`, and a relationship as `kind:key VERB kind:key`."""
    named = (
        f"{one['kind']}:{one['key']}"
        if "kind" in one
        else " ".join((":".join(one["from"]), one["verb"], ":".join(one["to"])))
    )
    return {**one, "in the graph": named, "changes": "; ".join(_change(change) for change in one["changes"][:4])}


def _delivery_row(one: dict[str, Any]) -> dict[str, Any]:
    """Return what would be sent where, or why it could not be."""
    sent = f"nothing: {one['problem']}" if "problem" in one else orjson.dumps(one["body"]).decode()
    shown = sent if len(sent) <= _SHOWN_CHARACTERS else f"{sent[:_SHOWN_CHARACTERS]}…"
    return {"pipeline": one["pipeline"], "destination": one["destination"], "would send": shown}


def _change(change: dict[str, Any]) -> str:
    before, after = (orjson.dumps(change[side]).decode() for side in ("before", "after"))
    return f"{change['path']}: {before} → {after}"
