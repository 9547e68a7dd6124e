"""`secrets`: what the destinations of pipelines sign and authenticate with, and the key that all secrets lie under."""

from typing import Annotated

import typer

from levada_runtime.cli.connections import read_secrets
from levada_runtime.cli.frame import Result, Session, command, table


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(help="Secrets that pipelines name.", no_args_is_help=True)
    command(group, "set", group="secrets")(set_)
    command(group, "list", group="secrets")(listed)
    command(group, "remove", group="secrets")(remove)
    command(group, "rotate", group="secrets")(rotate)
    app.add_typer(group, name="secrets")


def set_(
    session: Session,
    secret: Annotated[str, typer.Argument(help="NAME=@FILE or NAME=env:VARIABLE; NAME alone asks, or reads a line.")],
) -> Result:
    """Keep a secret under a name; one of that name is replaced."""
    with session.open(create=True) as installation:
        for name, value in read_secrets([secret], "runtime secrets set ").items():
            installation.org_secrets.set(installation.org, name, value)
    return Result({"name": name}, lambda out: out.print(f"{name} is set", markup=False))


def listed(session: Session) -> Result:
    """The names of the organisation's secrets; a value is never shown."""
    with session.open() as installation:
        items = installation.org_secrets.of(installation.org)
    return Result({"items": items, "cursor": None}, table(items, ("name", "updated_at"), "There is no secret."))


def remove(session: Session, name: Annotated[str, typer.Argument(help="The secret's name.")]) -> Result:
    """Take a secret away; what needs it waits, and is dead in the end."""
    with session.open() as installation:
        installation.org_secrets.remove(installation.org, name)
    return Result({"name": name, "removed": True}, lambda out: out.print(f"removed {name}", markup=False))


def rotate(session: Session) -> Result:
    """Seal every secret anew: with the first key of LEVADA_SECRET_KEY, or with a new one in the key file."""
    with session.open() as installation:
        done = installation.rotation.rotate(installation.org)
    value = {"values": done.values, "sealed_anew": done.sealed_anew, "keys": done.keys}
    said = f"{done.sealed_anew} of {done.values} secrets sealed anew"
    kept = "" if done.keys is None else f"; the key file holds {done.keys} keys: keep a copy of it"
    return Result(value, lambda out: out.print(said + kept, markup=False))
