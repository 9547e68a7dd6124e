"""`audit`: what operators did."""

from typing import Annotated

import typer

from levada_runtime.cli.frame import Cursor, Limit, Result, Session, command, table

_COLUMNS = ("at", "actor", "action", "subject", "details")


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(help="What operators did.", no_args_is_help=True)
    command(group, "list", group="audit")(listed)
    app.add_typer(group, name="audit")


def listed(
    session: Session,
    actor: Annotated[str | None, typer.Option(help="Only what they did: cli:USER@HOST, key:ID or runtime.")] = None,
    action: Annotated[
        str | None, typer.Option(help="Only this action, as connection.remove; connection. is all of them.")
    ] = None,
    subject: Annotated[str | None, typer.Option(help="Only what was done to this: a name or an id.")] = None,
    since: Annotated[str | None, typer.Option(help="Only since then: 12h, 7d or a time with its zone.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Result:
    """Who did what to what, newest first: by this command line and by the API."""
    from levada_runtime.pipeline.deliveries import read_moment  # the floors load only for commands that need them

    with session.open() as installation:
        items, following = installation.audit.page(
            installation.org,
            actor=actor,
            action=action,
            subject=subject,
            since=read_moment(since, installation.clock.now()) if since else None,
            limit=session.page_size(limit),
            cursor=cursor,
        )
    return Result({"items": items, "cursor": following}, table(items, _COLUMNS, "Nobody did anything yet."))
