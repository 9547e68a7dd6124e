"""`orgs` and `keys`: who may call the API."""

from typing import Annotated

import typer

from levada_runtime.access.model import KEY_SCOPES, SCOPES
from levada_runtime.access.views import key_view
from levada_runtime.cli.frame import Result, Session, command, table

_KEY_COLUMNS = ("id", "name", "scopes", "created_at", "last_used_at", "revoked_at")


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    orgs = typer.Typer(help="Organisations.", no_args_is_help=True)
    command(orgs, "create", group="orgs")(create_org)
    command(orgs, "list", group="orgs")(list_orgs)
    app.add_typer(orgs, name="orgs")
    keys = typer.Typer(help="Bearer keys of the API.", no_args_is_help=True)
    command(keys, "create", group="keys")(create_key)
    command(keys, "list", group="keys")(list_keys)
    command(keys, "revoke", group="keys")(revoke_key)
    app.add_typer(keys, name="keys")


def create_org(session: Session, name: str) -> Result:
    """Create an organisation."""
    with session.open(create=True) as installation:
        org = installation.orgs.create(name)
    return Result({"name": org.name}, lambda out: out.print(f"created {org.name}"))


def list_orgs(session: Session) -> Result:
    """The organisations of this installation."""
    with session.open() as installation:
        items = [{"name": org.name, "created_at": org.created_at.isoformat()} for org in installation.orgs.all()]
    return Result({"items": items, "cursor": None}, table(items, ("name", "created_at"), ""))


def create_key(
    session: Session,
    name: Annotated[str, typer.Option(help="What it is for.")] = "key",
    scope: Annotated[
        list[str] | None,
        typer.Option(help=f"One of {', '.join(SCOPES)}; may be repeated. Without it: all but admin."),
    ] = None,
    guard: Annotated[
        bool, typer.Option("--guard", help="Hold a sync of its holder that would delete too much.")
    ] = False,
) -> Result:
    """Make a key; it is shown this once."""
    with session.open(create=True) as installation:
        row, token = installation.keys.issue(installation.org, name, scope or KEY_SCOPES, guard=guard)
    return Result({**key_view(row), "key": token}, lambda out: out.print(token, markup=False))


def list_keys(session: Session) -> Result:
    """The organisation's keys, without the keys themselves."""
    with session.open() as installation:
        items = [key_view(row) for row in installation.keys.of(installation.org)]
    return Result({"items": items, "cursor": None}, table(items, _KEY_COLUMNS, "There is no key."))


def revoke_key(session: Session, key: str) -> Result:
    """Make a key useless from now on."""
    with session.open() as installation:
        installation.keys.revoke(installation.org, key)
    return Result({"id": key, "revoked": True}, lambda out: out.print(f"revoked {key}"))
