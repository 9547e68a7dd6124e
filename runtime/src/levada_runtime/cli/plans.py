"""`apply` and `runs revert`, and a plan as people read it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from levada_runtime.cli.frame import PARTIAL, Result, Session, command, table
from levada_runtime.cli.summaries import summary
from levada_runtime.foundation.errors import UsageFailure

if TYPE_CHECKING:
    from rich.console import Console

_SHOWN_CHANGES = 40
_SHOWN_CHARACTERS = 200


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    command(app, "apply")(apply)


def apply(
    session: Session,
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="The plan's id, or a file that `observe --out` wrote.")],
    partial: Annotated[bool, typer.Option("--partial", help="Apply the rest where some of it has moved.")] = False,
) -> Result:
    """Do what an observed run would have done, where nothing has moved since."""
    plan_id, body = _read(plan)
    with session.open(create=False) as installation:
        applied = installation.plans.apply(installation.org, plan_id, body, partial=partial)
    return Result(applied, lambda out: _show_applied(out, applied), PARTIAL if applied["refused"] else 0)


def revert(session: Session, run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")]) -> Result:
    """Undo what a run did, record by record; what was changed since is listed and left alone."""
    with session.open(create=False) as installation:
        undone = installation.reverts.revert(installation.org, run_id)
    return Result(undone, lambda out: _show_reverted(out, undone), PARTIAL if undone["left"] else 0)


def _read(plan: str) -> tuple[str, dict[str, Any] | None]:
    """Return a plan's id, and its body if a file was named."""
    from levada_runtime.plans.border import plan_id_of  # the floors load only for commands that need them

    path = Path(plan)
    if not path.is_file():
        return plan, None
    try:
        return plan_id_of(path.read_bytes())
    except OSError as error:
        raise UsageFailure(f"the plan cannot be read from {plan}: {error.strerror}", code="plan_unreadable") from None


def _show_applied(out: "Console", applied: dict[str, Any]) -> None:
    if not applied["applied"]:
        out.print(
            f"the plan {applied['plan']} was applied before, at {applied['applied_at']} by the run {applied['run']}; "
            "nothing was done",
            markup=False,
        )
        return
    _show_refused(out, applied["refused"], "refused")
    for what, told in (("added", "not planned"), ("missing", "planned")):
        sent = [_delivery_row(one) for one in applied["deliveries"][what][:_SHOWN_CHANGES]]
        if sent:
            follows = "follow now" if what == "added" else "do not follow now"
            out.print(f"{len(applied['deliveries'][what])} deliveries {follows} that were {told}:")
            table(sent, ("pipeline", "destination", "would send"), "")(out)
    out.print(f"applied: {summary(applied)} (run {applied['run']})", markup=False)


def _show_reverted(out: "Console", undone: dict[str, Any]) -> None:
    rows = [{**one, "record": _record(one)} for one in _parts(undone)[:_SHOWN_CHANGES]]
    if rows:
        table(rows, ("did", "record", "version"), "")(out)
    if len(_parts(undone)) > len(rows):
        out.print(f"… and {len(_parts(undone)) - len(rows)} more; --json has them all")
    _show_refused(out, undone["left"], "left alone")
    if undone["deliveries"]:
        sent = undone["deliveries"][:_SHOWN_CHANGES]
        out.print(f"{len(undone['deliveries'])} deliveries were made of its events, and cannot be unsent:")
        table(sent, ("id", "pipeline", "target", "state"), "")(out)
    if undone["reverted_by"] is None:
        out.print(f"nothing of the run {undone['run']} is left to undo", markup=False)
    else:
        out.print(f"undone: {summary(undone)} (run {undone['reverted_by']})", markup=False)


def _parts(undone: dict[str, Any]) -> list[dict[str, Any]]:
    return [*undone["documents"], *undone["entities"], *undone["relationships"]]


def _show_refused(out: "Console", refused: list[dict[str, Any]], what: str) -> None:
    rows = [{**one, what: _record(one)} for one in refused[:_SHOWN_CHANGES]]
    if rows:
        table(rows, (what, "reason", "message"), "")(out)
    if len(refused) > len(rows):
        out.print(f"… and {len(refused) - len(rows)} more; --json has them all")


def _record(one: dict[str, Any]) -> str:
    """Return a document as its type and key, and a part of the graph as everywhere."""
    return f"{one['document_type']} {one['idempotency_key']}" if "document_type" in one else _in_graph(one)


def show_plan(out: "Console", plan: dict[str, Any]) -> None:
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
    for held in plan.get("held", ()):
        out.print(f"would be held: {held['message']}", markup=False)
    out.print(
        f"would be: {summary({'counts': plan['summary']})} (plan {plan['id']}; nothing was written)", markup=False
    )


def _graph_row(one: dict[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "in the graph": _in_graph(one),
        "changes": "; ".join(_change(change) for change in one["changes"][:4]),
    }


def _in_graph(one: dict[str, Any]) -> str:
    """Return an entity as `kind:key`, and a relationship as `kind:key VERB kind:key`."""
    if "kind" in one:
        return f"{one['kind']}:{one['key']}"
    return " ".join((":".join(one["from"]), one["verb"], ":".join(one["to"])))


def _delivery_row(one: dict[str, Any]) -> dict[str, Any]:
    """Return what would be sent where, or why it could not be."""
    sent = f"nothing: {one['problem']}" if "problem" in one else orjson.dumps(one["body"]).decode()
    shown = sent if len(sent) <= _SHOWN_CHARACTERS else f"{sent[:_SHOWN_CHARACTERS]}…"
    return {"pipeline": one["pipeline"], "destination": one["destination"], "would send": shown}


def _change(change: dict[str, Any]) -> str:
    before, after = (orjson.dumps(change[side]).decode() for side in ("before", "after"))
    return f"{change['path']}: {before} → {after}"
