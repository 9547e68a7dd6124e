"""`connectors`: what is installed."""

import typer

from levada_runtime.cli.frame import Result, Session, command, fields, table

_COLUMNS = ("key", "title", "version", "state", "streams", "reason")


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(help="Installed connectors.", no_args_is_help=True)
    command(group, "list", group="connectors")(listed)
    command(group, "show", group="connectors")(show)
    app.add_typer(group, name="connectors")


def listed(session: Session) -> Result:
    """Installed connectors; broken ones with the reason."""
    from levada_runtime.catalog.views import connector_view  # the floors load only for commands that need them

    with session.open(create=True) as installation:
        items = [connector_view(connector) for connector in installation.catalog.refresh()]
    empty = "No connector is installed; `pip install` one that offers the entry point levada.connectors."
    return Result({"items": items, "cursor": None}, table(items, _COLUMNS, empty))


def show(session: Session, key: str) -> Result:
    """A connector's manifest."""
    from levada_runtime.catalog.views import manifest_view  # the floors load only for commands that need them

    with session.open(create=True) as installation:
        installation.catalog.refresh()
        view = manifest_view(installation.catalog.get(key))
    return Result(view, fields(view))
