"""`graph held` and `graph pending`: what of the graph waits for a decision, or for an end."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from levada_runtime.cli.frame import Cursor, Limit, Result, Session, command, fields, table

if TYPE_CHECKING:
    from rich.console import Console

_HELD = ("id", "source", "state", "why", "held_at")
_PENDING = ("relationship", "awaits", "sources")

Held = Annotated[str, typer.Argument(metavar="ID", help="The held sync's id.")]
Source = Annotated[str | None, typer.Option(help="Only this source's, such as `connection:crm/contacts`.")]


def add_to(graph: typer.Typer) -> None:
    """Add this module's commands to those of the graph."""
    held = typer.Typer(help="Syncs that would delete too much, and wait for a decision.", no_args_is_help=True)
    command(held, "list", group="graph held")(list_held)
    command(held, "show", group="graph held")(show)
    command(held, "approve", group="graph held")(approve)
    command(held, "discard", group="graph held")(discard)
    graph.add_typer(held, name="held")
    pending = typer.Typer(help="Relationships that wait for an end.", no_args_is_help=True)
    command(pending, "list", group="graph pending")(list_pending)
    graph.add_typer(pending, name="pending")


def list_held(
    session: Session,
    state: Annotated[str, typer.Option(help="held, approved, discarded, superseded, or all.")] = "held",
    source: Source = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Result:
    """Syncs that were not applied since they would have deleted too much, newest first."""
    with session.open() as installation:
        items, following = installation.held.page(
            installation.org, state=state, source=source, limit=session.page_size(limit), cursor=cursor
        )
    rows = [{**one, "why": _why(one)} for one in items]
    return Result({"items": items, "cursor": following}, table(rows, _HELD, "No sync is held."))


def show(session: Session, held: Held) -> Result:
    """A held sync: why it is held, what it would have done, and some of what it would delete now."""
    with session.open() as installation:
        view = installation.held.get(installation.org, held)

    def show_all(out: "Console") -> None:
        fields({**view, "reasons": _why(view), "deletes": None})(out)
        going = view["deletes"] or {"entities": [], "relationships": []}
        for one in going["entities"]:
            out.print(f"would delete {one['kind']}:{one['key']}", markup=False)
        for one in going["relationships"]:
            out.print(f"would delete {_spelled(one['from'], one['verb'], one['to'])}", markup=False)

    return Result(view, show_all)


def approve(session: Session, held: Held) -> Result:
    """Apply a held sync to the graph as it is now."""
    with session.open(create=False) as installation:
        view = installation.held.approve(installation.org, held)
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in view["applied"].items() if count)
    return Result(view, lambda out: out.print(f"applied: {told or 'nothing changed'}", markup=False))


def discard(session: Session, held: Held) -> Result:
    """Give a held sync up; the graph stays as it is."""
    with session.open(create=False) as installation:
        view = installation.held.discard(installation.org, held)
    return Result(view, lambda out: out.print(f"discarded {held}", markup=False))


def list_pending(session: Session, source: Source = None, limit: Limit = None, cursor: Cursor = None) -> Result:
    """Relationships that are claimed and hidden, since an end of theirs is not there; newest first."""
    with session.open() as installation:
        items, following = installation.graph.pending.page(
            installation.org, source=source, limit=session.page_size(limit), cursor=cursor
        )
    rows = [_row(one) for one in items]
    return Result({"items": items, "cursor": following}, table(rows, _PENDING, "No relationship waits for an end."))


def _why(view: dict[str, Any]) -> str:
    return "; ".join(one["message"] for one in view["reasons"])


def _row(one: dict[str, Any]) -> dict[str, Any]:
    ends = [one["from_type"], one["from_key"]], [one["to_type"], one["to_key"]]
    return {
        "relationship": _spelled(ends[0], one["verb"], ends[1]),
        "awaits": ", ".join(":".join(end) for end in one["awaits"]),
        "sources": ", ".join(one["sources"]),
    }


def _spelled(start: list[str], verb: str, stop: list[str]) -> str:
    return f"{':'.join(start)} {verb} {':'.join(stop)}"
