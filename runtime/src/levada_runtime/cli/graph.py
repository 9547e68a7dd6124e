"""`graph`: the entities and relationships that all sources' claims add up to, as they are or were."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from levada_runtime.cli import assertions, held
from levada_runtime.cli.frame import Cursor, Limit, Result, Session, command, fields, table

if TYPE_CHECKING:
    from datetime import datetime

    from levada_runtime.daemon.installation import Installation

_ENTITIES = ("depth", "kind", "external_id", "class", "display_name", "traits", "since")
_EDGES = ("from_type", "from_key", "verb", "to_type", "to_key", "properties")
_CHANGES = ("change", "object", "what", "before", "after")
_MOST = 10_000
_THEN = "As it was then: 2026-03-01T12:00:00Z, or 30m, 12h, 7d ago."

Kind = Annotated[str, typer.Argument(help="The entity's kind.")]
Key = Annotated[str, typer.Argument(help="Its key.")]
AsOf = Annotated[str | None, typer.Option(help=_THEN)]
Verbs = Annotated[list[str] | None, typer.Option("--verb", help="Follow only these verbs; may be repeated.")]
Direction = Annotated[
    Literal["out", "in", "both"], typer.Option(help="Follow relationships as they point, against it, or both.")
]
Depth = Annotated[int, typer.Option(min=1, max=10, help="How many relationships away.")]


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    graph = typer.Typer(help="Entities and how they are related, as they are or were.", no_args_is_help=True)
    command(graph, "get", group="graph")(get)
    command(graph, "entity", group="graph", hidden=True)(get)
    command(graph, "neighbours", group="graph")(neighbours)
    command(graph, "path", group="graph")(path)
    command(graph, "changes", group="graph")(changes)
    command(graph, "stats", group="graph")(stats)
    held.add_to(graph)
    assertions.add_to(graph)
    app.add_typer(graph, name="graph")


def get(session: Session, kind: Kind, key: Key, as_of: AsOf = None) -> Result:
    """An entity with what is known of it, as it is or was at a time."""
    with session.open() as installation:
        view = installation.graph.reads.entity(installation.org.id, (kind, key), as_of=_moment(installation, as_of))
    return Result(view, fields(view))


def neighbours(
    session: Session,
    kind: Kind,
    key: Key,
    verb: Verbs = None,
    direction: Direction = "both",
    depth: Depth = 1,
    limit: Limit = None,
    as_of: AsOf = None,
) -> Result:
    """The entities around one, nearest first, and the relationships that lead to them."""
    with session.open() as installation:
        found = installation.graph.reads.neighbours(
            installation.org.id,
            (kind, key),
            verbs=verb or (),
            direction=direction,
            depth=depth,
            limit=min(session.page_size(limit), _MOST),
            as_of=_moment(installation, as_of),
        )

    def show(out: Console) -> None:
        table(found["entities"], _ENTITIES, "Nothing is related to it.")(out)
        if found["relationships"]:
            out.print()
            table(found["relationships"], _EDGES, "")(out)
        if found["truncated"]:
            out.print("\nThere is more; --limit shows it.")

    return Result(found, show)


def path(
    session: Session,
    from_kind: Annotated[str, typer.Argument(help="The kind of the entity to start from.")],
    from_key: Annotated[str, typer.Argument(help="Its key.")],
    to_kind: Annotated[str, typer.Argument(help="The kind of the entity to arrive at.")],
    to_key: Annotated[str, typer.Argument(help="Its key.")],
    verb: Verbs = None,
    direction: Direction = "out",
    depth: Depth = 10,
    as_of: AsOf = None,
) -> Result:
    """The shortest way from one entity to another; exit code 1 when there is none."""
    with session.open() as installation:
        found = installation.graph.reads.path(
            installation.org.id,
            (from_kind, from_key),
            (to_kind, to_key),
            verbs=verb or (),
            direction=direction,
            depth=depth,
            as_of=_moment(installation, as_of),
        )
    empty = "It is the same entity." if found["found"] else "No way leads there."
    if found["truncated"]:
        empty = "No way was found, and the search was given up: it went through too much."
    return Result(found, table(found["relationships"], _EDGES, empty), exit_code=0 if found["found"] else 1)


def changes(
    session: Session,
    since: Annotated[str, typer.Option(help="The earlier moment: a time, or 2h, 7d ago.")],
    until: Annotated[str | None, typer.Option(help="The later moment; the last change there is.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Result:
    """What came, changed or went between two moments: each thing once, as it stood then and then."""
    with session.open() as installation:
        earlier = _moment(installation, since)
        assert earlier is not None
        found = installation.graph.reads.changes(
            installation.org.id,
            earlier,
            until=_moment(installation, until),
            limit=min(session.page_size(limit), _MOST),
            cursor=cursor,
        )
    rows = [{**one, **_told(one)} for one in found["items"]]
    return Result(found, table(rows, _CHANGES, "Nothing differs."))


def stats(session: Session) -> Result:
    """How many entities and relationships there are, and how many each source claims."""
    with session.open() as installation:
        counted = installation.graph.reads.stats(installation.org.id)

    def show(out: Console) -> None:
        fields({name: value for name, value in counted.items() if name != "by_source"})(out)
        if counted["by_source"]:
            out.print()
            table(counted["by_source"], ("source", "entities", "relationships", "synced_at"), "")(out)

    return Result(counted, show)


def _told(change: dict[str, Any]) -> dict[str, Any]:
    """Return a change as a line: what it is of, and its values."""
    shown = change["after"] or change["before"]
    if change["object"] == "entity":
        what, name = f"{shown['kind']}:{shown['external_id']}", "traits"
    else:
        start, stop = (f"{shown[f'{end}_type']}:{shown[f'{end}_key']}" for end in ("from", "to"))
        what, name = f"{start} {shown['verb']} {stop}", "properties"
    values = {end: change[end] and change[end][name] for end in ("before", "after")}
    return {"what": what, **values}


def _moment(installation: "Installation", text: str | None) -> "datetime | None":
    from levada_runtime.pipeline.deliveries import read_moment  # the floors load only for commands that need them

    return None if text is None else read_moment(text, installation.clock.now())
