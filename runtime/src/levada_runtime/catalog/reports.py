"""What a check found, as data for machines."""

from dataclasses import asdict
from typing import Any, Final

from levada_runtime.catalog.check import Report
from levada_runtime.catalog.discovery import Found
from levada_runtime.catalog.installed import installed_as
from levada_runtime.catalog.views import library_view, manifest_view

_OF_INSTALLED: Final = ("state", "reason", "quarantine", "difference")


def report_view(report: Report) -> dict[str, Any]:
    """Return what a check found; the manifest is in the shape of an installed connector's."""
    project = report.project
    found = Found(
        key=project.key or (report.manifest.key if report.manifest else project.package),
        distribution=project.distribution,
        version=project.version,
        package=project.package,
        attribute=project.attribute,
        files=dict(project.files),
        libraries=report.libraries,
    )
    manifest = None
    if report.manifest is not None:
        shown = manifest_view(installed_as(found, report.manifest))
        manifest = {name: value for name, value in shown.items() if name not in _OF_INSTALLED}
    return {
        "key": found.key,
        "package": project.package,
        "findings": [asdict(finding) for finding in report.findings],
        "manifest": manifest,
        "imports": [asdict(module) for module in report.imports],
        "libraries": [library_view(library) for library in report.libraries],
        "not_checked": list(report.not_checked),
        "sandbox_level": report.level,
    }
