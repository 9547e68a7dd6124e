"""Checking a connector before anybody installs it: policy, manifest, imports, libraries; nothing of it runs here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import ValidationError

from levada import Manifest
from levada_runtime.catalog.complaints import complaints, places_in, types_of
from levada_runtime.catalog.declared import connector_calls
from levada_runtime.catalog.describe import ask
from levada_runtime.catalog.discovery import bundle_of
from levada_runtime.catalog.imports import ModuleImports, imports_in
from levada_runtime.catalog.libraries import Libraries, libraries_of
from levada_runtime.catalog.library import Library
from levada_runtime.catalog.plugins import load_extensions
from levada_runtime.catalog.project import PYPROJECT, Project
from levada_runtime.contracts.registry import Registry
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.language.findings import decode_findings
from levada_runtime.sandbox.language.libraries import module_name
from levada_runtime.sandbox.language.policy import Finding
from levada_runtime.sandbox.language.reach import reachable
from levada_runtime.sandbox.model import DESCRIBE_LIMITS, Bundle, Limits, Outcome

ERROR: Final = "error"
WARNING: Final = "warning"
_FRAME: Final = re.compile(r'^  File "(?P<path>[^"]+)", line (?P<line>\d+)', re.MULTILINE)
_OWN_TIME: Final = "define things when the module is imported; fetch and compute in a route"
_WAYS_OUT: Final = {"cpu_limit": _OWN_TIME, "timeout": _OWN_TIME, "memory": _OWN_TIME, "oom": _OWN_TIME}


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing to look at, where it stands for whoever is in the working directory."""

    path: str
    line: int
    column: int
    reason: str
    way_out: str | None
    severity: Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be said of a connector; without a manifest when none could be made."""

    project: Project
    findings: tuple[Complaint, ...]
    manifest: Manifest | None
    imports: tuple[ModuleImports, ...]
    libraries: tuple[Library, ...]
    not_checked: tuple[str, ...]
    """Modules that no import of the connector leads to; they never enter the wall."""
    level: str | None

    @property
    def errors(self) -> int:
        return sum(one.severity == ERROR for one in self.findings)

    @property
    def warnings(self) -> int:
        return len(self.findings) - self.errors


def check(sandbox: Sandbox, project: Project, limits: Limits = DESCRIBE_LIMITS) -> Report:
    """Return everything that is wrong with a connector, and what it is."""
    if project.problem is not None:
        path, _line = project.entry_place
        return Report(project, (_complaint(path, project.problem, ERROR),), None, (), (), (), None)
    libraries = libraries_of(project.package, project.attribute, project.files)
    outcome = ask(sandbox, _bundle(project, libraries), limits)
    found = [*libraries.problems, *_refused(project, outcome, libraries)]
    manifest = _manifest(outcome) if not libraries.problems else None
    if isinstance(manifest, Finding):
        found.append((_top(project), manifest))
        manifest = None
    findings = [_complaint(project.shown(path), finding, ERROR) for path, finding in found]
    if manifest is not None:
        findings += _about_manifest(project, manifest, libraries)
    compiled = reachable(project.package, project.files)
    declared = frozenset(each.name for each in libraries.declared)
    return Report(
        project=project,
        findings=tuple(sorted(findings, key=lambda one: (one.path, one.line, one.column, one.severity))),
        manifest=manifest,
        imports=tuple(imports_in(path, source, project.package, declared) for path, source in compiled.items()),
        libraries=libraries.found,
        not_checked=tuple(sorted(module_name(path) for path in project.files.keys() - compiled.keys())),
        level=outcome.level,
    )


def _bundle(project: Project, libraries: Libraries) -> Bundle:
    """Return what is compiled; a library that cannot be had is stood in for, so that all else is looked at."""
    bundle = bundle_of(project.package, project.attribute, project.files, libraries.found)
    missing = {each.name for each in libraries.declared} - {each.name for each in libraries.found} - {project.package}
    stood_in = {f"{name}.py": b"" for name in missing if name.isidentifier()}
    return Bundle(bundle.package, bundle.attribute, bundle.files, {**bundle.libraries, **stood_in})


def _refused(project: Project, outcome: Outcome, libraries: Libraries) -> list[tuple[str, Finding]]:
    if outcome.reason is None or (libraries.problems and outcome.reason != "policy"):
        return []
    if outcome.reason == "policy":
        told = decode_findings(outcome.result)
        return told or [(_top(project), Finding(1, 1, outcome.message or "the policy refuses it"))]
    path, line = _last_frame(outcome.traceback, project)
    if outcome.reason == "connector_error":
        return [(path, Finding(line, 1, f"importing it fails: {outcome.message}"))]
    reason = f"importing it ends in {outcome.reason}: {outcome.message}"
    return [(path, Finding(line, 1, reason, _WAYS_OUT.get(outcome.reason)))]


def _last_frame(traceback: str | None, project: Project) -> tuple[str, int]:
    frames = [found for found in _FRAME.finditer(traceback or "") if found["path"] in project.files]
    return (frames[-1]["path"], int(frames[-1]["line"])) if frames else (_top(project), 1)


def _top(project: Project) -> str:
    return next(iter(reachable(project.package, project.files)), f"{project.package}/__init__.py")


def _manifest(outcome: Outcome) -> Manifest | Finding | None:
    if outcome.reason is not None:
        return None
    try:
        return Manifest.model_validate_json(outcome.result or b"")
    except ValidationError as error:
        return Finding(1, 1, f"its manifest cannot be read: {error}")


def _about_manifest(project: Project, manifest: Manifest, libraries: Libraries) -> Iterator[Complaint]:
    if project.key is not None and manifest.key != project.key:
        path, line = project.entry_place
        reason = f"the entry point is called {project.key!r} and the connector {manifest.key!r}"
        yield Complaint(path, line, 1, reason, f"call both {manifest.key!r}", ERROR)
    compiled = reachable(project.package, project.files)
    made = connector_calls(project.package, project.attribute, project.files)
    places = places_in(_top(project), made[0] if made else None, compiled)
    registry = Registry()
    load_extensions(registry)
    types = [kind for kind in types_of(manifest) if registry.get(kind) is None]
    nearest = {kind: near for kind in types if (near := registry.nearest(kind)) is not None}
    for path, finding in [*complaints(manifest, places, nearest), *_about_libraries(project, libraries)]:
        yield _complaint(project.shown(path), finding, WARNING)


def _about_libraries(project: Project, libraries: Libraries) -> Iterator[tuple[str, Finding]]:
    for each in libraries.unused:
        yield each.finding(f"the library {each.name} is declared and never imported", "leave it out")
    if project.requires is None:
        return
    required = {_distribution(one) for one in project.requires}
    declared = {each.name: each for each in libraries.declared}
    for library in libraries.found:
        if _distribution(library.distribution) not in required:
            reason = f"nothing installs the library {library.name} with the connector"
            way_out = f'add "{library.distribution}" to the dependencies in {PYPROJECT}'
            yield declared[library.name].finding(reason, way_out)


def _distribution(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0]).lower()


def _complaint(path: str, finding: Finding, severity: Literal["error", "warning"]) -> Complaint:
    return Complaint(path, finding.line, finding.column, finding.reason, finding.way_out, severity)
