"""`streams`: what concerns one stream of a connection."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from levada_runtime.cli.frame import Cursor, Limit, Result, Session, command, fields, table
from levada_runtime.foundation.errors import UsageFailure

if TYPE_CHECKING:
    from rich.console import Console

Connection = Annotated[str, typer.Argument(help="The connection's name or id.")]
Stream = Annotated[str, typer.Argument(help="The stream.")]
Partition = Annotated[str | None, typer.Option(help="Only this partition of the checkpoint.")]
ServedBy = Annotated[str, typer.Option("--mode", help="Whose checkpoint: what polls keep, or what webhooks do.")]
_COLUMNS = ("connection", "stream", "schedule", "timezone", "paused", "next", "last_success_at", "flags")
_TICKS = ("at", "until", "count", "outcome", "reason", "late_s", "run")


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(help="The streams of connections.", no_args_is_help=True)
    command(group, "list", group="streams")(listed)
    command(group, "show", group="streams")(show)
    command(group, "ticks", group="streams")(ticks)
    command(group, "pause", group="streams")(pause)
    command(group, "resume", group="streams")(resume)
    command(group, "reset", group="streams")(reset)
    state = typer.Typer(help="How far a stream has come: its checkpoint.", no_args_is_help=True)
    command(state, "get", group="streams state")(get_state)
    command(state, "set", group="streams state")(set_state)
    command(state, "reset", group="streams state")(reset)
    group.add_typer(state, name="state")
    command(group, "accept-scheme", group="streams")(accept_scheme)
    app.add_typer(group, name="streams")


def listed(
    session: Session,
    connection: Annotated[str | None, typer.Option(help="Only this connection's.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Result:
    """Streams, when they are next due, when they succeeded last, and what is the matter with them."""
    with session.open() as installation:
        found = installation.stream_library.streams(
            installation.org, connection=connection, limit=session.page_size(limit), cursor=cursor
        )
    rows = [{**item, "flags": " ".join(item["flags"]) or None} for item in found.items]
    empty = "There is no stream; `runtime connections add` brings those of a connector."
    return Result({"items": found.items, "cursor": found.cursor}, table(rows, _COLUMNS, empty))


def show(session: Session, connection: Connection, stream: Stream) -> Result:
    """A stream: its schedule and policies, when it is next due, and how it fares."""
    with session.open() as installation:
        view = installation.stream_library.stream(installation.org, connection, stream)
    return Result(view, fields(view))


def ticks(
    session: Session, connection: Connection, stream: Stream, limit: Limit = None, cursor: Cursor = None
) -> Result:
    """What became of each scheduled moment of a stream, the latest first, and the next that are coming."""
    with session.open() as installation:
        found = installation.stream_library.ticks(
            installation.org, connection, stream, limit=session.page_size(limit), cursor=cursor
        )

    def told(out: "Console") -> None:
        table(found["items"], _TICKS, "No moment of its schedule has come yet.")(out)
        out.print(f"\nnext: {', '.join(_local(at, found['timezone']) for at in found['next']) or '-'}", markup=False)

    return Result(found, told)


def pause(session: Session, connection: Connection, stream: Stream) -> Result:
    """Let one stream rest; the others of its connection go on."""
    return _set_paused(session, connection, stream, paused=True)


def resume(session: Session, connection: Connection, stream: Stream) -> Result:
    """Let a stream that rests run again."""
    return _set_paused(session, connection, stream, paused=False)


def get_state(session: Session, connection: Connection, stream: Stream, mode: ServedBy = "poll") -> Result:
    """A stream's checkpoint: where its next run goes on from."""
    with session.open() as installation:
        row = installation.connections.get(installation.org, connection)
        view = installation.stream_states.get(row, stream, mode)
    return Result(view, lambda out: out.print_json(data=view["partitions"] or None))


def set_state(
    session: Session,
    connection: Connection,
    stream: Stream,
    state: Annotated[str, typer.Argument(help="The checkpoint, a JSON object; @FILE reads it from there.")],
    partition: Partition = None,
    mode: ServedBy = "poll",
) -> Result:
    """Let a stream's next run go on from a checkpoint of your own; refused while a run is under way."""
    value = _read_state(state)
    with session.open() as installation:
        row = installation.connections.get(installation.org, connection)
        view = installation.stream_states.set(
            installation.org, row, stream, value, partition=partition or "", mode=mode
        )
    return Result(view, lambda out: out.print(f"{row.name} {stream} goes on from there", markup=False))


def reset(
    session: Session, connection: Connection, stream: Stream, partition: Partition = None, mode: ServedBy = "poll"
) -> Result:
    """Let a stream's next run begin at the beginning: its checkpoint is taken away, its documents stay."""
    with session.open() as installation:
        row = installation.connections.get(installation.org, connection)
        view = installation.stream_states.reset(installation.org, row, stream, partition=partition, mode=mode)
    text = f"{row.name} {stream} begins at the beginning; what has not changed will be unchanged"
    return Result(view, lambda out: out.print(text, markup=False))


def _set_paused(session: Session, connection: str, stream: str, *, paused: bool) -> Result:
    from levada_runtime.access.streams import StreamChange  # the floors load only for commands that need them

    with session.open() as installation:
        row = installation.connections.get(installation.org, connection)
        installation.connections.set_streams(row, {stream: StreamChange(paused=paused)})
        view = installation.stream_library.stream(installation.org, row.name, stream)
    text = f"{row.name} {stream} {'rests' if paused else 'runs again'}"
    return Result(view, lambda out: out.print(text, markup=False))


def _read_state(given: str) -> dict[str, Any]:
    """Return the JSON object that was given or that a file holds.

    Raises UsageFailure.
    """
    try:
        value = orjson.loads(Path(given[1:]).read_bytes() if given.startswith("@") else given)
    except OSError as error:
        raise UsageFailure(f"the checkpoint cannot be read from {given[1:]}: {error.strerror}") from None
    except orjson.JSONDecodeError as error:
        raise UsageFailure(f"the checkpoint is not JSON: {error}", code="invalid_checkpoint") from None
    if not isinstance(value, dict):
        hint = 'such as \'{"since": "2026-01-01"}\''
        raise UsageFailure("a checkpoint is a JSON object", code="invalid_checkpoint", hint=hint)
    return value


def _local(at: str, zone: str) -> str:
    from zoneinfo import ZoneInfo  # loaded only where it is used

    return f"{datetime.fromisoformat(at).astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M %z}"


def accept_scheme(
    session: Session,
    connection: Connection,
    stream: Stream,
    kind: Annotated[
        str | None, typer.Option("--type", help="Only this document type; all that the stream has, without it.")
    ] = None,
) -> Result:
    """Let the documents of a stream take the idempotency keys that their records come under now."""
    with session.open() as installation:
        view = installation.acceptances.accept(installation.org, connection, stream, kind)

    def told(out: "Console") -> None:
        out.print(f"accepted for {', '.join(view['document_types'])}: documents take their new keys as records come")
        if view["refused"]:
            again = f"runtime quarantine replay --connection {view['connection']} --stream {stream}"
            out.print(f"refused so far: {view['refused']}; `{again} --reason idempotency_scheme_changed` takes them")

    return Result(view, told)
