"""`doctor`: whether this machine can confine connectors, proved by attacks, and what is installed on it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from levada_runtime.cli.frame import Result, Session, command, fields, table
from levada_runtime.cli.standing import lines, standing, unfit
from levada_runtime.foundation.config import Settings
from levada_runtime.foundation.errors import EnvironmentFailure

if TYPE_CHECKING:
    from levada_runtime.daemon.installation import Installation
    from levada_runtime.sandbox.probe import ProbeReport


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    command(app, "doctor")(doctor)


def doctor(
    session: Session,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show each attack that was tried, too.")] = False,
) -> Result:
    """Whether this machine and this installation are fit to run connectors."""
    settings = session.settings()
    with session.open(create=True) as installation:
        report = _probed()
        failure = verdict(report, settings)
        found = _found(installation, settings, fit=failure is None)
    found = {"sandbox": _sandbox(report, settings), **found}
    failure = failure or unfit(found)
    shown = _shown(report, found, settings, verbose=verbose)
    if failure is None:
        return Result(found, shown)
    hint = f"; {failure.hint}" if failure.hint else ""
    error = {"code": failure.code, "message": f"{failure.message}{hint}", "details": failure.details}
    return Result(found, shown, failure.exit_code, error)


def _probed() -> "ProbeReport":
    """Try the attacks in whatever sandbox this machine offers."""
    from levada_runtime.sandbox.host import Sandbox  # the floors load only for commands that need them

    with Sandbox(allow_weak=True) as sandbox:
        return sandbox.probe()


def verdict(report: "ProbeReport", settings: Settings) -> EnvironmentFailure | None:
    """Return why a daemon with these settings would not start behind such a sandbox; None when it would."""
    from levada_runtime.sandbox.fitness import leaking, too_weak
    from levada_runtime.sandbox.model import Level  # the floors load only for commands that need them

    minimum = Level(settings.sandbox.minimum)
    if settings.sandbox.allow_weak:
        return None
    return too_weak(report, minimum) if report.level < minimum else leaking(report)


def _found(installation: "Installation", settings: Settings, *, fit: bool) -> dict[str, Any]:
    """Return the rest; connectors are looked at only behind a wall that is fit for it."""
    connectors = installation.catalog.refresh() if fit else []
    states = ("ready", "broken", "quarantined", "needs_approval")
    found: dict[str, Any] = {state: [one.key for one in connectors if one.state == state] for state in states}
    found["broken"] = {one.key: one.reason for one in connectors if one.state == "broken"}
    found["uninstalled"] = list(installation.catalog.uninstalled()) if fit else []
    return {
        "database": {"url": installation.store.place, "version": installation.store.version(), "ok": True},
        **standing(installation, settings),
        "connectors": found,
        "streams": {"flagged": installation.stream_library.ailing()},
    }


def _sandbox(report: "ProbeReport", settings: Settings) -> dict[str, Any]:
    from levada_runtime.sandbox.fitness import remedies, unproven  # the floors load only for commands that need them

    return {
        **report.as_dict(),
        "minimum": settings.sandbox.minimum,
        "remedies": remedies(report.layers),
        "note": unproven(),
    }


def _shown(report: "ProbeReport", found: dict[str, Any], settings: Settings, *, verbose: bool) -> Any:
    sandbox, connectors = found["sandbox"], found["connectors"]
    rows = [
        {"layer": name, "state": state, "what to do": sandbox["remedies"].get(name)}
        for name, state in sandbox["layers"].items()
    ]
    attacks = [{"attack": name, "outcome": outcome} for name, outcome in sandbox["attacks"].items()]
    rest = {
        "minimum": f"{settings.sandbox.minimum}{', weaker is allowed' if settings.sandbox.allow_weak else ''}",
        "database": f"{found['database']['version']} at {found['database']['url']}",
        **lines(found),
        "connectors": ", ".join(connectors["ready"]) or "none",
        **{f"broken: {key}": reason for key, reason in connectors["broken"].items()},
        **{f"{state}: {key}": f"`runtime connectors show {key}`"
           for state in ("quarantined", "needs_approval") for key in connectors[state]},
        **{f"stream: {name}": f"{' '.join(flags)}; `runtime streams ticks {name.replace('/', ' ', 1)}` tells more"
           for name, flags in found["streams"]["flagged"].items()},
        **{f"uninstalled: {key}": "its connections wait; install it again, or `runtime connections remove` them"
           for key in connectors["uninstalled"]},
    }  # fmt: skip

    def show(out: Console) -> None:
        out.print(f"sandbox: {report.line()}", markup=False)
        if sandbox["note"]:
            out.print(sandbox["note"], markup=False)
        table(rows, ("layer", "state", "what to do"), "")(out)
        if verbose:
            table(attacks, ("attack", "outcome"), "")(out)
        fields(rest)(out)

    return show
