"""`receipts`: the webhooks that were accepted, and what became of them."""

from typing import Annotated, Any

import typer

from levada_runtime.cli.frame import Cursor, Limit, Result, Session, command, fields, table

Receipt = Annotated[str, typer.Argument(help="The receipt's id.")]
_COLUMNS = ("id", "connection", "stream", "state", "reason", "delivery_id", "bytes", "received_at")
_SHOWN = 2_000


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(help="The webhooks that were accepted.", no_args_is_help=True)
    command(group, "list", group="receipts")(listed)
    command(group, "show", group="receipts")(show)
    command(group, "replay", group="receipts")(replay)
    app.add_typer(group, name="receipts")


def listed(
    session: Session,
    connection: Annotated[str | None, typer.Option(help="Only this connection's.")] = None,
    stream: Annotated[str | None, typer.Option(help="Only this stream's.")] = None,
    state: Annotated[str | None, typer.Option(help="received, processed or dead.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Result:
    """Receipts, newest first."""
    with session.open() as installation:
        found = installation.receipts.receipts(
            installation.org,
            connection=connection,
            stream=stream,
            state=state,
            limit=session.page_size(limit),
            cursor=cursor,
        )
    empty = "No webhook has been accepted."
    return Result({"items": found.items, "cursor": found.cursor}, table(found.items, _COLUMNS, empty))


def show(session: Session, receipt: Receipt) -> Result:
    """A receipt with its headers and its body; what proves where it came from is not shown."""
    with session.open() as installation:
        view = installation.receipts.receipt(installation.org, receipt)
    return Result(view, fields(_cut(view)))


def replay(session: Session, receipt: Receipt) -> Result:
    """Carry a receipt out once more, behind what waits of its stream; a daemon does it."""
    with session.open() as installation:
        view = installation.receipts.replay(installation.org, receipt)
    text = f"{receipt} will be carried out by the run {view['run']}"
    return Result(view, lambda out: out.print(text, markup=False))


def _cut(view: dict[str, Any]) -> dict[str, Any]:
    """Return a receipt with as much of its body as a person reads; machines get all of it."""
    body = view["body"]
    rest = f"… and {len(body) - _SHOWN} more; --json has them all" if len(body) > _SHOWN else ""
    return {**view, "body": f"{body[:_SHOWN]}{rest}"}
