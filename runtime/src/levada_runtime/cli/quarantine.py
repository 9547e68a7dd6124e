"""`quarantine`: what was refused, and what is done about it."""

from typing import TYPE_CHECKING, Annotated

import typer

from levada_runtime.cli.frame import PARTIAL, Cursor, Limit, Result, Session, command, fields, number, table

if TYPE_CHECKING:
    from rich.console import Console

    from levada_runtime.ingest.quarantine import Meant

_COLUMNS = ("id", "document_type", "idempotency_key", "reason", "message", "times", "state")
_REFUSED = ("id", "reason", "message")

Records = Annotated[list[str] | None, typer.Argument(help="The records' ids; without one, all that fit.")]
Connection = Annotated[str | None, typer.Option(help="Only this connection's.")]
Kind = Annotated[str | None, typer.Option("--type", help="Only this document type.")]
Reason = Annotated[str | None, typer.Option(help="Only what was refused for this reason.")]
Stream = Annotated[str | None, typer.Option(help="Only this stream's.")]
State = Annotated[str | None, typer.Option(help="open, discarded or replayed; open by default.")]
Everything = Annotated[bool, typer.Option("--all", help="All of them, whatever they are.")]


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(help="What was refused.", no_args_is_help=True)
    command(group, "list", group="quarantine")(listed)
    command(group, "show", group="quarantine")(show)
    command(group, "replay", group="quarantine")(replay)
    command(group, "discard", group="quarantine")(discard)
    app.add_typer(group, name="quarantine")


def listed(
    session: Session,
    connection: Connection = None,
    kind: Kind = None,
    reason: Reason = None,
    stream: Stream = None,
    state: Annotated[str, typer.Option(help="open, discarded, replayed, or all.")] = "open",
    limit: Limit = None,
    cursor: Cursor = None,
) -> Result:
    """Refused records, newest first, and how many there are for which reason."""
    meant = _meant(None, connection, kind, reason, stream, state)
    with session.open() as installation:
        library = installation.quarantine
        found = library.page(installation.org, meant, limit=session.page_size(limit), cursor=cursor)
        counts = library.by_reason(installation.org, meant)
    shown = table(found.items, _COLUMNS, "Nothing was refused.")

    def show_all(out: "Console") -> None:
        shown(out)
        for name, count in counts.items():
            out.print(f"{name}: {count}", markup=False)

    return Result({"items": found.items, "cursor": found.cursor, "by_reason": counts}, show_all)


def show(session: Session, record: Annotated[str, typer.Argument(help="The record's id.")]) -> Result:
    """A refused record with everything that is wrong with it."""
    with session.open() as installation:
        view = installation.quarantine.get(installation.org, record)
    return Result(view, fields(view))


def replay(
    session: Session,
    records: Records = None,
    connection: Connection = None,
    kind: Kind = None,
    reason: Reason = None,
    stream: Stream = None,
    state: State = None,
    everything: Everything = False,
) -> Result:
    """Take refused records once more, after their contract or their connector was mended."""
    meant = _meant(records, connection, kind, reason, stream, state, everything=everything)
    with session.open() as installation:
        view = installation.replays.replay(installation.org, meant)

    def told(out: "Console") -> None:
        out.print(f"replayed {number(view['replayed'], 'record')}; still refused: {view['still_refused']}")
        if view["refused"]:
            table(view["refused"], _REFUSED, "")(out)

    return Result(view, told, PARTIAL if view["still_refused"] else 0)


def discard(
    session: Session,
    records: Records = None,
    connection: Connection = None,
    kind: Kind = None,
    reason: Reason = None,
    stream: Stream = None,
    everything: Everything = False,
) -> Result:
    """Say of refused records that nothing is to be done about them; they stay readable."""
    meant = _meant(records, connection, kind, reason, stream, None, everything=everything)
    with session.open() as installation:
        if len(meant.ids) == 1 and not (meant.filters or everything):
            view = installation.quarantine.discard(installation.org, meant.ids[0])
            return Result(view, lambda out: out.print(f"discarded {view['id']}"))
        count = installation.quarantine.discard_many(installation.org, meant)
    return Result({"discarded": count}, lambda out: out.print(f"discarded {number(count, 'record')}"))


def _meant(
    records: list[str] | None,
    connection: str | None,
    kind: str | None,
    reason: str | None,
    stream: str | None,
    state: str | None,
    *,
    everything: bool = False,
) -> "Meant":
    from levada_runtime.ingest.quarantine import Meant  # the floors load only for commands that need them

    return Meant(records or (), connection, stream, kind, reason, state, everything)
