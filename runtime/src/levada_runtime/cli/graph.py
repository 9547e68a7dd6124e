"""`graph`: the entities and relationships that all sources' claims add up to, as they are or were."""

from typing import Annotated

import typer

from levada_runtime.cli.frame import Result, Session, command, fields

Kind = Annotated[str, typer.Argument(help="The entity's kind.")]
Key = Annotated[str, typer.Argument(help="Its key.")]


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    graph = typer.Typer(help="Entities and how they are related, as they are or were.", no_args_is_help=True)
    command(graph, "get", group="graph")(get)
    command(graph, "entity", group="graph", hidden=True)(get)
    app.add_typer(graph, name="graph")


def get(session: Session, kind: Kind, key: Key) -> Result:
    """An entity with what is known of it."""
    from levada_runtime.foundation.errors import NotFoundFailure  # the floors load only for commands that need them
    from levada_runtime.graph.views import entity_view

    with session.open() as installation:
        found = installation.graph.find(installation.org.id, kind, key)
    if found is None:
        raise NotFoundFailure(
            f"there is no entity {kind} {key!r}",
            code="unknown_entity",
            hint="`runtime entities list` shows what there is",
        )
    view = entity_view(found)
    return Result(view, fields(view))
