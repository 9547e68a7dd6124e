"""`connectors`: what is installed, and what is let run."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from levada_runtime.cli.frame import Result, Session, command, fields, number, table
from levada_runtime.foundation.errors import RuntimeFailure, UsageFailure

if TYPE_CHECKING:
    from levada_runtime.catalog.installed import InstalledConnector

_COLUMNS = ("key", "title", "version", "state", "streams", "reason")
_APART = ("difference", "quarantine")
_FOUND_IN_SOURCES = ("policy", "libraries")

Key = Annotated[str, typer.Argument(help="The connector's key.")]


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(help="Installed connectors.", no_args_is_help=True)
    command(group, "list", group="connectors")(listed)
    command(group, "show", group="connectors")(show)
    command(group, "approve", group="connectors")(approve)
    app.add_typer(group, name="connectors")


def listed(session: Session) -> Result:
    """Installed connectors; those that do not run with the reason."""
    from levada_runtime.catalog.views import connector_view, uninstalled_view  # the floors load for whom they serve

    with session.open(create=True) as installation:
        items = [connector_view(connector) for connector in installation.catalog.refresh()]
        items += [uninstalled_view(*one) for one in installation.catalog.uninstalled(installation.org).items()]
    empty = "No connector is installed; `pip install` one that offers the entry point levada.connectors."
    return Result({"items": items, "cursor": None}, table(items, _COLUMNS, empty))


def show(session: Session, key: Key) -> Result:
    """A connector's manifest, whether it runs, and if not, what stands in its way."""
    from levada_runtime.catalog.views import manifest_view  # the floors load only for commands that need them

    with session.open(create=True) as installation:
        installation.catalog.refresh()
        connector = installation.catalog.get(key)
        view = manifest_view(connector)
    findings = _findings(connector)
    plain = fields({**_plain(view), **({"reason": f"{len(findings)} found:"} if findings else {})})

    def shown(out: Console) -> None:
        plain(out)
        for line in (*findings, *_matters(connector)):
            out.print(line, markup=False, soft_wrap=True)

    return Result(view, shown)


def _plain(view: dict[str, Any]) -> dict[str, Any]:
    """Return a view as people read it, without what stands below it."""
    libraries = [
        f"{one['name']} {one['version']} ({number(one['files'], 'file')}): runs unrestricted inside the wall"
        for one in view.get("libraries", ())
    ]
    shown = {name: value for name, value in view.items() if name not in _APART}
    return shown | ({"libraries": "\n".join(libraries)} if libraries else {})


def _findings(connector: "InstalledConnector") -> list[str]:
    """Return what was found in the sources of a broken connector, a line each."""
    kind, _, found = (connector.reason or "").partition(": ")
    return found.splitlines() if kind in _FOUND_IN_SOURCES else []


def approve(
    session: Session,
    key: Key,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> Result:
    """Let a connector run as it is: what it declares now is approved, and its version leaves quarantine."""
    from levada_runtime.catalog.views import manifest_view  # the floors load only for commands that need them

    with session.open(create=True) as installation:
        installation.catalog.refresh()
        connector = installation.catalog.get(key)
        lines = _matters(connector)
        if not lines:
            installation.catalog.described(key)
            value = {**manifest_view(connector), "approved": None, "released": None}
            return Result(value, lambda out: out.print(f"{key} {connector.version}: there is nothing to approve"))
        for line in lines:
            session.say(line)
        if not yes:
            _ask(session, key, connector.version)
        after = installation.catalog.approve(connector, installation.org)
    before = manifest_view(connector)
    value = {**manifest_view(after), "approved": before["difference"], "released": before["quarantine"]}
    return Result(value, lambda out: out.print(f"{key} {after.version} is {after.state}", markup=False))


def _matters(connector: "InstalledConnector") -> list[str]:
    """Return what an operator has to know before letting a connector run, a line each."""
    lines, standing = [], connector.standing
    named = f"{connector.key} {connector.version}"
    if standing.quarantine is not None:
        why = standing.quarantine
        who = f"run {why.run_id} ({why.during})" if why.run_id else f"its {why.during}"
        lines.append(f"{named} is in quarantine: {who} ended as {why.reason} at {why.quarantined_at.isoformat()}")
        lines.append(f"  {why.message}")
    if standing.difference is not None:
        asked = "needs your approval for" if standing.difference.widens else "declares less than was approved:"
        lines.append(f"{named} {asked}")
        lines += [f"  {line}" for line in standing.difference.lines()]
    return lines


def _ask(session: Session, key: str, version: str) -> None:
    """Ask a person; raise UsageFailure where there is none, RuntimeFailure where the answer is no."""
    if session.as_json or not sys.stdin.isatty():
        raise UsageFailure(
            f"{key} {version} is approved by a person at a terminal, or with --yes",
            code="not_confirmed",
            hint=f"read `runtime connectors show {key}`, then `runtime connectors approve {key} --yes`",
        )
    if not typer.confirm(f"Let {key} {version} run like this?", err=True):
        raise RuntimeFailure(f"{key} {version} was not approved; nothing has changed", code="not_confirmed")
