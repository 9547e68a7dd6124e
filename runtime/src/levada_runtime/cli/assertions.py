"""`graph priority` and `graph project`: who of those that assert something goes first, and what documents stand for."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from levada_runtime.cli.frame import Result, Session, command, table

_COLUMNS = ("kind", "sources", "set_at")

Kind = Annotated[str, typer.Argument(help="The kind of the entities.")]


def add_to(graph: typer.Typer) -> None:
    """Add this module's commands to those of the graph."""
    priority = typer.Typer(help="Which source goes before which.", no_args_is_help=True)
    command(priority, "list", group="graph priority")(listed)
    command(priority, "set", group="graph priority")(put)
    command(priority, "clear", group="graph priority")(clear)
    graph.add_typer(priority, name="priority")
    command(graph, "project", group="graph")(project)


def listed(session: Session) -> Result:
    """The orders of sources, by the kinds that they are for."""
    with session.open() as installation:
        rows = installation.graph.priorities.all(installation.org.id)
    items = [{"kind": row.kind, "sources": row.sources, "set_at": row.set_at.isoformat()} for row in rows]
    return Result({"items": items, "cursor": None}, table(items, _COLUMNS, "No kind has an order: the latest wins."))


def put(
    session: Session,
    kind: Kind,
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE...", help="The foremost first; `connection:crm/*` is a pattern.")
    ],
) -> Result:
    """Let these sources go before one another in this order, and before all others, whoever asserted last."""
    with session.open(create=True) as installation:
        changed = installation.graph.priorities.set(installation.org.id, kind, sources)
    return _done({"kind": kind, "sources": sources, "changed": changed}, f"set the order of {kind}")


def clear(session: Session, kind: Kind) -> Result:
    """Let the latest assertion win again for entities of a kind."""
    with session.open() as installation:
        changed = installation.graph.priorities.clear(installation.org.id, kind)
    return _done({"kind": kind, "sources": [], "changed": changed}, f"cleared the order of {kind}")


def project(
    session: Session,
    document_type: Annotated[
        list[str] | None, typer.Option("--type", help="Only documents of this type; may be repeated.")
    ] = None,
    connection: Annotated[str | None, typer.Option(help="Only documents of this connection.")] = None,
) -> Result:
    """Claim in the graph what the documents stand for that are there already; new ones are followed without it."""
    with session.open() as installation:
        row = installation.connections.get(installation.org, connection) if connection else None
        documents, counts = installation.reprojecting.project(installation.org.id, document_type or (), row)
    told = {name: count for name, count in asdict(counts).items() if count and not name.endswith("_unchanged")}
    made = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in told.items()) or "nothing has changed"
    said = f"projected {documents} documents: {made}"
    return Result({"documents": documents, **asdict(counts)}, lambda out: out.print(said, markup=False))


def _done(result: dict[str, Any], said: str) -> Result:
    shown = f"{said}; {result['changed']} entities show something else now"
    return Result(result, lambda out: out.print(shown, markup=False))
