"""Finding installed connectors from metadata and sources alone: no module of theirs is imported in this process."""

import hashlib
import importlib.metadata
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

from levada_runtime.catalog.libraries import libraries_of
from levada_runtime.catalog.library import Library
from levada_runtime.sandbox.language.findings import as_line
from levada_runtime.sandbox.model import Bundle

GROUP = "levada.connectors"
MAX_SOURCE_BYTES = 4 << 20
ENTRY_POINT = re.compile(
    r"(?P<package>[A-Za-z_][A-Za-z0-9_]*)(?P<nested>(\.[A-Za-z0-9_]+)*):(?P<attribute>[A-Za-z_]\w*)"
)


@dataclass(frozen=True, slots=True)
class Found:
    """An entry point and the sources behind it, or the reason why they cannot be used."""

    key: str
    distribution: str
    version: str
    package: str
    attribute: str
    files: dict[str, bytes]
    """Python sources by path from the folder that holds the package."""
    problem: str | None = None
    libraries: tuple[Library, ...] = ()

    @property
    def source_hash(self) -> str:
        """SHA-256 over everything that a description depends on, the libraries and their versions included."""
        digest = hashlib.sha256(f"{self.package}:{self.attribute}:{self.version}".encode())
        for files in (self.files, *(library.bundled for library in self.libraries)):
            for path in sorted(files):
                digest.update(f"\x00{path}\x00{len(files[path])}\x00".encode())
                digest.update(files[path])
        return digest.hexdigest()

    @property
    def bundle(self) -> Bundle:
        """What the sandbox is sent."""
        return bundle_of(self.package, self.attribute, self.files, self.libraries)


def find_connectors(key: str | None = None) -> list[Found]:
    """Return each connector that installed metadata names, sorted by key; of a name claimed twice none is used.

    With a `key`, the one of that name alone is looked for.
    """
    found = sorted(
        (_find(entry) for entry in _entries() if key is None or entry.name == key),
        key=lambda one: (one.key, one.distribution),
    )
    owners: dict[str, list[str]] = {}
    for one in found:
        owners.setdefault(one.key, []).append(one.distribution)
    unique: dict[str, Found] = {}
    for one in found:
        claimed = owners[one.key]
        unique[one.key] = (
            one if len(claimed) == 1 else _broken(one, f"several distributions offer it: {', '.join(claimed)}")
        )
    return list(unique.values())


def _entries() -> Iterator[importlib.metadata.EntryPoint]:
    seen = set()
    for entry in importlib.metadata.entry_points(group=GROUP):
        identity = (entry.name, entry.value, entry.dist.name if entry.dist else "")
        if identity not in seen:
            seen.add(identity)
            yield entry


def _find(entry: importlib.metadata.EntryPoint) -> Found:
    distribution, version = (entry.dist.name, entry.dist.version) if entry.dist else ("?", "0")
    matched = ENTRY_POINT.fullmatch(entry.value.strip())
    blank = Found(entry.name, distribution, version, "", "", {})
    if matched is None:
        return _broken(blank, f"its entry point {entry.value!r} is not of the form package:attribute")
    if matched["nested"]:
        return _broken(
            blank, f"its entry point {entry.value!r} names a nested module; export it from the top-level package"
        )
    try:
        files = package_sources(matched["package"])
    except (OSError, ValueError) as error:
        return _broken(blank, str(error))
    libraries = libraries_of(matched["package"], matched["attribute"], files)
    if libraries.problems:
        return _broken(blank, "libraries: " + "\n".join(as_line(*problem) for problem in libraries.problems))
    return Found(
        entry.name, distribution, version, matched["package"], matched["attribute"], files, libraries=libraries.found
    )


def installed_bundle(package: str, attribute: str) -> Bundle:
    """Return what the sandbox is sent of an installed package, its libraries included as far as there are any.

    Raises ValueError, or OSError, when the package has no sources to be read.
    """
    files = package_sources(package)
    return bundle_of(package, attribute, files, libraries_of(package, attribute, files).found)


def bundle_of(package: str, attribute: str, files: Mapping[str, bytes], libraries: Iterable[Library]) -> Bundle:
    """Return a bundle of a package's own sources and those of its libraries."""
    bundled = {path: source for library in libraries for path, source in library.bundled.items()}
    return Bundle(package=package, attribute=attribute, files=dict(files), libraries=bundled)


def package_sources(package: str) -> dict[str, bytes]:
    """Return the Python sources of a top-level package, found on the path without importing it.

    Raises ValueError, or OSError, when there are none to be read.
    """
    spec = PathFinder.find_spec(package)
    if spec is None:
        raise ValueError(f"its package {package!r} is not installed")
    if spec.origin is None or not spec.origin.endswith(".py"):
        raise ValueError(f"its package {package!r} has no Python source that could be read")
    origin = Path(spec.origin)
    if spec.submodule_search_locations is None:
        return {origin.name: origin.read_bytes()}
    return package_files(origin.parent)


def package_files(folder: Path) -> dict[str, bytes]:
    """Return the Python sources of the package in that folder; raise ValueError when they are too large."""
    files: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*.py")):
        files[str(path.relative_to(folder.parent))] = path.read_bytes()
    size = sum(map(len, files.values()))
    if size > MAX_SOURCE_BYTES:
        raise ValueError(f"its sources are {size} bytes; {MAX_SOURCE_BYTES} are allowed")
    return files


def _broken(found: Found, problem: str) -> Found:
    return Found(found.key, found.distribution, found.version, found.package, found.attribute, {}, problem)
