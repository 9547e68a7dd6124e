"""`connections`: configured connectors."""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from levada_runtime.cli.frame import Cursor, Limit, Result, Session, command, fields, table
from levada_runtime.foundation.errors import EnvironmentFailure, RuntimeFailure, UsageFailure

if TYPE_CHECKING:
    from levada_runtime.access.streams import StreamChange
    from levada_runtime.daemon.installation import Installation
    from levada_runtime.store.model import ConnectionRow

_COLUMNS = ("name", "connector", "connector_state", "mode", "state", "state_reason", "id")
_AUTH = "auth"
_RECORD = "Keep the HTTP of its runs, without credentials, for `runtime runs capture`."
_UNREACHABLE = ("source_unavailable", "rate_limited", "timeout")

Name = Annotated[str, typer.Argument(help="The connection's name or id.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="A setting, as name=value.")]
Secret = Annotated[
    list[str] | None, typer.Option("--secret", help="A secret, as name=@file or name=env:VARIABLE; name alone asks.")
]


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(help="Configured connectors.", no_args_is_help=True)
    for name, function in (
        ("add", add),
        ("list", listed),
        ("show", show),
        ("set", change),
        ("check", check),
        ("pause", pause),
        ("resume", resume),
        ("remove", remove),
    ):
        command(group, name, group="connections")(function)
    app.add_typer(group, name="connections")


def add(
    session: Session,
    connector: Annotated[str, typer.Argument(help="The connector's key.")],
    name: Annotated[str | None, typer.Option(help="Its name; the connector's key by default.")] = None,
    set_: Set = None,
    secret: Secret = None,
    observe: Annotated[bool, typer.Option("--observe", help="Its runs commit nothing and end in a plan.")] = False,
    record: Annotated[bool, typer.Option("--record", help=_RECORD)] = False,
) -> Result:
    """Configure a connector; its own check is run, and what it says is told."""
    with session.open(create=True) as installation:
        installation.catalog.refresh()
        _, manifest = installation.catalog.ready(connector)
        row = installation.connections.add(
            installation.org,
            manifest,
            name=name,
            settings=read_pairs(set_ or []),
            secrets=read_secrets(secret or []),
            mode="observe" if observe else "live",
            recording=record,
        )
        checked = _checked(installation, row)
        value = {**_view(installation, row), "check": checked}
    return Result(value, fields({"added": row.name, "id": row.uid, "check": checked["message"]}))


def listed(
    session: Session,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Result:
    """The organisation's connections."""
    with session.open() as installation:
        size = session.page_size(limit)
        rows, following = installation.connections.page(installation.org, limit=size, after=cursor)
        items = [_view(installation, row) for row in rows]
    empty = "There is no connection; `runtime connections add` makes one."
    return Result({"items": items, "cursor": following}, table(items, _COLUMNS, empty))


def show(session: Session, connection: Name) -> Result:
    """A connection with its streams, and how it stands with its source; secrets by name only."""
    from levada_runtime.catalog.patience import source_view  # the floors load only for commands that need them

    with session.open() as installation:
        row = installation.connections.get(installation.org, connection)
        source = source_view(installation.store, installation.catalog, installation.connections, row)
        view = {**_view(installation, row), **source}
    return Result(view, fields(view))


def change(
    session: Session,
    connection: Name,
    set_: Set = None,
    secret: Secret = None,
    schedule: Annotated[
        list[str] | None, typer.Option(help="A stream's schedule, as stream=CRON; stream= goes back to the manifest's.")
    ] = None,
    overlap: Annotated[
        list[str] | None, typer.Option(help="What becomes of a moment while a run goes on: stream=skip or queue_one.")
    ] = None,
    missed: Annotated[
        list[str] | None, typer.Option(help="What becomes of moments nobody was there for: stream=catch_up or skip.")
    ] = None,
    paused: Annotated[list[str] | None, typer.Option(help="Whether one stream rests: stream=yes or no.")] = None,
    mode: Annotated[str | None, typer.Option(help="live or observe.")] = None,
    record: Annotated[bool | None, typer.Option("--record/--no-record", help=_RECORD)] = None,
) -> Result:
    """Change settings, secrets, the mode, recording, or when streams run; what is not given stays."""
    if mode not in (None, "live", "observe"):
        raise UsageFailure(f"there is no mode {mode!r}", hint="modes are live and observe")
    changes = _stream_changes(schedule, overlap, missed, paused)
    with session.open() as installation:
        row = installation.connections.get(installation.org, connection)
        _, manifest = installation.catalog.described(row.connector)
        row = installation.connections.set(
            row,
            manifest,
            settings=read_pairs(set_ or []),
            secrets=read_secrets(secret or []),
            mode=mode,
            recording=record,
        )
        installation.connections.set_streams(row, changes)
        view = _view(installation, row)
    return Result(view, fields(view))


def check(session: Session, connection: Name) -> Result:
    """Run the connector's own check of settings and secrets."""
    with session.open() as installation:
        row = installation.connections.get(installation.org, connection)
        checked = _checked(installation, row)
        if checked["ok"] and row.state == "needs_attention":
            installation.connections.set_state(row, "active")
    if checked["ok"]:
        return Result(checked, lambda out: out.print(checked["message"]))
    kind = EnvironmentFailure if checked["reason"] in _UNREACHABLE else RuntimeFailure
    raise kind(
        checked["message"], code=checked["reason"], hint="`runtime connections set` changes settings and secrets"
    )


def pause(session: Session, connection: Name) -> Result:
    """Let a connection's streams rest."""
    return _set_state(session, connection, "paused")


def resume(session: Session, connection: Name) -> Result:
    """Let a connection's streams run again."""
    return _set_state(session, connection, "active")


def remove(session: Session, connection: Name) -> Result:
    """Take a connection and its secrets away; its documents stay."""
    with session.open() as installation:
        row = installation.connections.get(installation.org, connection)
        installation.removals.remove(row)
    return Result({"id": row.uid, "removed": True}, lambda out: out.print(f"removed {row.name}"))


def read_pairs(given: list[str]) -> dict[str, str]:
    """Read `name=value` words.

    Raises UsageFailure naming a word that is none.
    """
    pairs = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UsageFailure(f"{word!r} is not of the form name=value")
        pairs[name] = value
    return pairs


def read_secrets(given: list[str], flag: str = "--secret ") -> dict[str, str]:
    """Read `name=@file`, `name=env:VARIABLE`, or ask for the value of a bare `name`.

    `flag` is what stands before one. Raises UsageFailure; a value on the command line is refused, since everybody on
    the machine could read it.
    """
    found = {}
    for word in given:
        name, equals, place = word.partition("=")
        if not equals:
            found[name] = _ask(name)
        elif place.startswith("@"):
            found[name] = _from_file(name, Path(place[1:]))
        elif place.startswith("env:"):
            found[name] = _from_environment(name, place.removeprefix("env:"))
        else:
            raise UsageFailure(
                f"the secret {name!r} was given on the command line, where others can read it",
                code="secret_on_command_line",
                hint=f"{flag}{name}=@FILE, {flag}{name}=env:VARIABLE, or {flag}{name} to be asked",
            )
    return found


def _stream_changes(
    schedule: list[str] | None, overlap: list[str] | None, missed: list[str] | None, paused: list[str] | None
) -> "dict[str, StreamChange]":
    """Return what is to change of each stream that was named.

    Raises UsageFailure.
    """
    from levada_runtime.access.streams import StreamChange  # the floors load only for commands that need them

    given: dict[str, Mapping[str, Any]] = {
        "schedule": read_pairs(schedule or []),
        "overlap": read_pairs(overlap or []),
        "missed": read_pairs(missed or []),
        "paused": {stream: _yes_or_no(stream, word) for stream, word in read_pairs(paused or []).items()},
    }
    changes = {stream: StreamChange() for named in given.values() for stream in named}
    for field, named in given.items():
        for stream, value in named.items():
            changes[stream] = replace(changes[stream], **{field: value}).checked()
    return changes


def _yes_or_no(stream: str, word: str) -> bool:
    if word not in ("yes", "no"):
        raise UsageFailure(f"{stream}={word} says neither yes nor no", hint=f"--paused {stream}=yes lets it rest")
    return word == "yes"


def _ask(name: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    value: str = typer.prompt(name, hide_input=True)
    return value


def _from_file(name: str, path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise UsageFailure(f"the secret {name!r} cannot be read from {path}: {error.strerror}") from None


def _from_environment(name: str, variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise UsageFailure(f"the secret {name!r} is to come from {variable}, which is not set")
    return value


def _set_state(session: Session, connection: str, state: str) -> Result:
    with session.open() as installation:
        row = installation.connections.get(installation.org, connection)
        installation.connections.set_state(row, state)
    return Result({"id": row.uid, "state": state}, lambda out: out.print(f"{row.name} is {state}"))


def _checked(installation: "Installation", row: "ConnectionRow") -> dict[str, Any]:
    outcome = installation.runs.check(installation.org, row)
    if outcome is None:
        return {"ok": True, "reason": None, "message": "the connector has no check"}
    if outcome.reason is None:
        return {"ok": True, "reason": None, "message": "settings and secrets work"}
    return {"ok": False, "reason": outcome.reason, "message": f"{outcome.reason}: {outcome.message}"}


def _view(installation: "Installation", row: "ConnectionRow") -> dict[str, Any]:
    from levada_runtime.access.views import connection_view  # the floors load only for commands that need them

    connections, standing = installation.connections, installation.catalog.state_of(row.connector)
    return connection_view(row, connections.streams(row), connections.secret_names(row), standing)
