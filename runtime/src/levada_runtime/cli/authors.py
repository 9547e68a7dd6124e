"""`check`: for those who write connectors."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from levada_runtime.cli.frame import Result, Session, command, number

if TYPE_CHECKING:
    from levada_runtime.catalog.check import Complaint, Report
    from levada_runtime.catalog.imports import ModuleImports

_FEW = 6
_LABEL = 13


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    command(app, "check")(check)


def check(
    session: Session,
    path: Annotated[
        Path, typer.Argument(help="A connector's project, its package, or a single .py file.", readable=False)
    ] = Path(),
    allow_weak_sandbox: Annotated[
        bool, typer.Option("--allow-weak-sandbox", help="Check even below the minimum sandbox level.")
    ] = False,
) -> Result:
    """Say everything the sandbox would refuse of a connector, and what it declares; nothing needs to be installed."""
    from levada_runtime.catalog.check import check as checked  # the floors load only for commands that need them
    from levada_runtime.catalog.project import locate
    from levada_runtime.sandbox.host import Sandbox

    projects = locate(path)
    with Sandbox(allow_weak=allow_weak_sandbox or session.settings().sandbox.allow_weak) as sandbox:
        reports = [checked(sandbox, project) for project in projects]
    errors = sum(report.errors for report in reports)
    verdict = ", ".join([number(errors, "error"), *_warned(reports)])
    error = {"code": "check_failed", "message": verdict, "details": {}} if errors else None
    return Result(_view(reports), _shown(reports), 1 if errors else 0, error)


def _warned(reports: "list[Report]") -> list[str]:
    warnings = sum(report.warnings for report in reports)
    return [number(warnings, "warning")] if warnings else []


def _view(reports: "list[Report]") -> dict[str, Any]:
    """Return the one report, or those of a project that offers several connectors with all their findings."""
    from levada_runtime.catalog.reports import report_view  # the floors load only for commands that need them

    views = [report_view(report) for report in reports]
    if len(views) == 1:
        return views[0]
    return {"findings": [finding for view in views for finding in view["findings"]], "connectors": views}


def _shown(reports: "list[Report]") -> Callable[[Console], None]:
    def show(out: Console) -> None:
        for report in reports:
            _show(out, report)

    return show


def _show(out: Console, report: "Report") -> None:
    project = report.project
    sources = {project.shown(path): source for path, source in project.files.items()}
    for finding in report.findings:
        _show_finding(out, finding, sources.get(finding.path, b""))
    if report.findings:
        out.print()
    for label, text in _facts(report):
        out.print(Text.assemble((f"{label:<{_LABEL}}", "bold"), text), soft_wrap=True)
    if not report.errors:
        warned = f", with {warned[0]}" if (warned := _warned([report])) else ""
        name = report.manifest.key if report.manifest else project.package
        out.print(Text.assemble((f"{name} is fine{warned}", "green")), soft_wrap=True)


def _show_finding(out: Console, finding: "Complaint", source: bytes) -> None:
    colour = "red" if finding.severity == "error" else "yellow"
    place = f"{finding.path}:{finding.line}:{finding.column}: "
    out.print(Text.assemble((place, "bold"), (finding.severity, colour), f": {finding.reason}"), soft_wrap=True)
    lines = source.decode(errors="replace").splitlines()
    if 0 < finding.line <= len(lines):
        line = lines[finding.line - 1]
        indented = len(line) - len(line.lstrip())
        out.print(Text(f"    {line.strip()}", "dim"), soft_wrap=True)
        out.print(Text.assemble(" " * (4 + max(finding.column - 1 - indented, 0)), ("^", colour)), soft_wrap=True)
    if finding.way_out:
        out.print(Text.assemble("  → ", finding.way_out), soft_wrap=True)


def _facts(report: "Report") -> list[tuple[str, str]]:
    """Return what the connector is, a line for each thing there is of it."""
    facts = [("module", _module(each)) for each in report.imports]
    if report.not_checked:
        facts.append(("not checked", f"{_few(report.not_checked)}: no import leads there, so no run does"))
    facts += [
        ("library", f"{each.name} {each.version}, {number(len(each.files), 'file')}: unrestricted inside the wall")
        for each in report.libraries
    ]
    return [*facts, *_declared(report)]


def _module(imports: "ModuleImports") -> str:
    kinds = (("own", imports.own), ("library", imports.library), ("refused", imports.refused))
    parts = [", ".join(imports.facade), *(f"{kind}: {', '.join(names)}" for kind, names in kinds if names)]
    told = "; ".join(filter(None, parts))
    return f"{imports.module} imports {told}" if told else imports.module


def _declared(report: "Report") -> list[tuple[str, str]]:
    manifest = report.manifest
    if manifest is None:
        return []
    facts = [
        ("stream", f"{each.key}: {', '.join(each.modes)}{f' {each.schedule}' if each.schedule else ''}")
        for each in manifest.streams
    ]
    hosts = [f"the one in the setting {rule.setting}" if rule.setting else str(rule.pattern) for rule in manifest.hosts]
    if hosts:
        facts.append(("hosts", ", ".join(hosts)))
    if manifest.exposed_secrets():
        facts.append(("exposed", ", ".join(manifest.exposed_secrets())))
    return facts


def _few(names: "list[str] | tuple[str, ...]") -> str:
    rest = len(names) - _FEW
    return ", ".join(names[:_FEW]) + (f" and {rest} more" if rest > 0 else "")
