"""A connector where its author writes it: a project, a package or a single file, read and never imported."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from levada_runtime.catalog.declared import connector_calls
from levada_runtime.catalog.discovery import ENTRY_POINT, GROUP, package_files
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.sandbox.language.policy import Finding

PYPROJECT: Final = "pyproject.toml"
_LOOKED_FOR: Final = (
    f'a project is a folder with a {PYPROJECT} that offers the entry point "{GROUP}"; a package is a folder with an '
    "__init__.py; a connector of one module is a .py file"
)


@dataclass(frozen=True, slots=True)
class Project:
    """A connector's sources where they lie; `folder` is what the paths in `files` are relative to.

    `key` is the name of its entry point, None where there is none; `problem` says why there are no sources.
    """

    key: str | None
    distribution: str
    version: str
    package: str
    attribute: str
    folder: Path
    files: Mapping[str, bytes]
    requires: tuple[str, ...] | None = None
    entry: tuple[Path, int] | None = None
    problem: Finding | None = None

    def shown(self, path: str) -> str:
        """Return the path of a source as whoever stands in the working directory would type it."""
        return from_here(self.folder / path)

    @property
    def entry_place(self) -> tuple[str, int]:
        """Where its name is given; of a bare package, its top module."""
        if self.entry is not None:
            return from_here(self.entry[0]), self.entry[1]
        return self.shown(next(iter(self.files), self.package)), 1


def from_here(path: Path) -> str:
    """Return a path relative to the working directory."""
    return os.path.relpath(path)


def locate(path: Path) -> list[Project]:
    """Return the connectors at a path.

    Raises UsageFailure when there is none, saying what was looked for.
    """
    where = path.resolve()
    if not where.exists():
        raise UsageFailure(f"there is no {path}", code="no_connector", hint=_LOOKED_FOR)
    if where.name == PYPROJECT or (where / PYPROJECT).is_file():
        return _offered(where.parent if where.is_file() else where)
    if (where if where.is_dir() else where.parent).joinpath("__init__.py").is_file():
        return _of_package(_top_package(where if where.is_dir() else where.parent))
    if where.suffix == ".py":
        return [_bare(where.parent, where.stem, {where.name: where.read_bytes()})]
    raise UsageFailure(f"{path} is no connector", code="no_connector", hint=_LOOKED_FOR)


def _top_package(folder: Path) -> Path:
    while (folder.parent / "__init__.py").is_file():
        folder = folder.parent
    return folder


def _of_package(package: Path) -> list[Project]:
    """Return the connector of a package, by the entry point of the project around it if there is one."""
    for folder in (package.parent, package.parent.parent):
        if (folder / PYPROJECT).is_file():
            offered = [one for one in _entries(folder) if one.package == package.name]
            if offered:
                return offered
    return [_bare(package.parent, package.name, package_files(package))]


def _bare(folder: Path, package: str, files: Mapping[str, bytes]) -> Project:
    if not package.isidentifier():
        raise UsageFailure(
            f"{package!r} cannot be imported: it is no name in Python", code="no_connector", hint="rename the file"
        )
    names = [made.name for made in connector_calls(package, "connector", files) if made.name is not None]
    attribute = "connector" if "connector" in names or not names else names[0]
    return Project(None, package, "0", package, attribute, folder, files)


def _offered(folder: Path) -> list[Project]:
    offered = list(_entries(folder))
    if not offered:
        raise UsageFailure(
            f"{from_here(folder / PYPROJECT)} offers no connector: it has no entry point in the group {GROUP}",
            code="no_connector",
            hint=f'add [project.entry-points."{GROUP}"] with a line such as acme = "levada_acme:connector"',
        )
    return offered


def _entries(folder: Path) -> Iterator[Project]:
    file = folder / PYPROJECT
    text, data = _read(file)
    project = _table(data, "project")
    poetry = _table(data, "tool", "poetry")
    offered = _table(project, "entry-points", GROUP) or _table(poetry, "plugins", GROUP)
    about = project or poetry
    requires = project.get("dependencies")
    for key, value in offered.items():
        line = _line_of(text, key)
        matched = ENTRY_POINT.fullmatch(str(value).strip())
        package, attribute = (matched["package"], matched["attribute"]) if matched else ("", "")
        problem = _form_problem(str(value), matched, line)
        if problem is None:
            home, files, problem = _sources(folder, package, line, _table(data, "tool", "hatch"))
        else:
            home, files = folder, dict[str, bytes]()
        yield Project(
            key,
            str(about.get("name", folder.name)),
            str(about.get("version", "0")),
            package,
            attribute,
            home,
            files,
            tuple(map(str, requires)) if isinstance(requires, list) else None,
            (file, line),
            problem,
        )


def _form_problem(value: str, matched: re.Match[str] | None, line: int) -> Finding | None:
    if matched is None:
        return Finding(line, 1, f"the entry point {value!r} is not of the form package:attribute")
    if matched["nested"]:
        reason = f"the entry point {value!r} names a nested module"
        return Finding(line, 1, reason, f"export {matched['attribute']!r} from {matched['package']!r}")
    return None


def _sources(
    folder: Path, package: str, line: int, hatch: Mapping[str, Any]
) -> tuple[Path, dict[str, bytes], Finding | None]:
    listed = _table(hatch, "build", "targets", "wheel").get("packages", [])
    homes = [folder / "src", folder, *((folder / str(one)).parent for one in listed if isinstance(listed, list))]
    for home in homes:
        if (home / package / "__init__.py").is_file():
            return _within_size(home, package, line)
        if (home / f"{package}.py").is_file():
            return home, {f"{package}.py": (home / f"{package}.py").read_bytes()}, None
    looked = ", ".join(dict.fromkeys(from_here(home / package) for home in homes))
    return folder, {}, Finding(line, 1, f"there is no package {package!r} in this project", f"looked for {looked}")


def _within_size(home: Path, package: str, line: int) -> tuple[Path, dict[str, bytes], Finding | None]:
    try:
        return home, package_files(home / package), None
    except ValueError as too_large:
        return home, {}, Finding(line, 1, str(too_large), "leave out what no route needs")


def _read(file: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageFailure(f"{from_here(file)} cannot be read: {reason}", code="no_connector") from None


def _table(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    found: Any = data
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _line_of(text: str, key: str) -> int:
    """Return the line of an entry point; where it stands in some other way, the first."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("["):
            inside = GROUP in line
        elif inside and line.partition("=")[0].strip().strip("\"'") == key:
            return number
    return 1
