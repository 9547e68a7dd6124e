"""A library as it is installed: found on the path, read as text, and refused when a wall has no room for it."""

import importlib.metadata
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Final

from levada._nearest import nearest
from levada_runtime.sandbox.language.libraries import metadata_file

IN_THE_WALL: Final = frozenset({
    "RestrictedPython", "annotated_types", "defusedxml", "levada", "levada_runtime", "msgspec", "orjson", "pluggy",
    "pydantic", "pydantic_core", "typing_extensions", "typing_inspection", "tzdata",
})  # fmt: skip
"""What every child has loaded: a library finds it there, a connector has no business with it."""
MAX_LIBRARY_BYTES: Final = 16 << 20
_NATIVE: Final = (".so", ".pyd", ".dll", ".dylib")
_NO_DATA: Final = (".pyc", ".pyo", ".pyi", "py.typed")


class LibraryProblem(Exception):  # noqa: N818 - what is wrong with a library, for whoever declared it.
    """The library cannot be given to a connector."""

    def __init__(self, reason: str, way_out: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.way_out = way_out


@dataclass(frozen=True, slots=True)
class Library:
    """A library by the name it is imported under; `data` are the paths of its files that are not Python."""

    name: str
    distribution: str
    version: str
    files: Mapping[str, bytes]
    data: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return sum(map(len, self.files.values()))

    @property
    def bundled(self) -> dict[str, bytes]:
        """What goes into the wall: the sources, and the distribution's name and version."""
        path, text = metadata_file(self.distribution, self.version)
        return {**self.files, path: text}


def find_library(name: str) -> Library:
    """Return an installed library without importing it; raise LibraryProblem when connectors cannot have it."""
    _check_name(name)
    spec = PathFinder.find_spec(name)
    if spec is None:
        raise _unknown(name)
    files, data = _read(name, spec)
    distribution, version = _distribution_of(name)
    return Library(name, distribution, version, files, data)


def _check_name(name: str) -> None:
    if name in sys.stdlib_module_names:
        raise LibraryProblem(
            f"{name} is part of Python's standard library", "import it: what connectors may have of it is there"
        )
    if name in IN_THE_WALL:
        way_out = "derive your models from `levada.Record`" if name == "pydantic" else None
        raise LibraryProblem(f"{name} is what the wall itself is built of, and no library of a connector", way_out)
    if not name.isidentifier():
        raise _unknown(name)


def _unknown(name: str) -> LibraryProblem:
    """Say that there is no such library, and what was meant: a distribution may be called other than its module."""
    modules = importlib.metadata.packages_distributions()
    for module, distributions in sorted(modules.items()):
        if _normal(name) in map(_normal, distributions) and module.isidentifier() and not module.startswith("_"):
            return LibraryProblem(f"{name} is the name of a distribution", f"name the module you import: {module!r}")
    top = name.partition(".")[0]
    if top != name and top.isidentifier():
        return LibraryProblem(f"{name} is a module inside a library", f"name the library: {top!r}")
    near = nearest(name, [module for module in modules if module.isidentifier()])
    meant = f", or did you mean {near!r}?" if near is not None else ""
    return LibraryProblem(
        f"no library {name!r} is installed beside the runtime", f"install it with `pip install`{meant}"
    )


def _read(name: str, spec: ModuleSpec) -> tuple[dict[str, bytes], tuple[str, ...]]:
    if spec.submodule_search_locations is None:
        origin = Path(spec.origin or "")
        if origin.suffix != ".py":
            raise _native(name, origin.name)
        return {origin.name: _bytes_of(name, origin)}, ()
    files: dict[str, bytes] = {}
    data: list[str] = []
    for folder in map(Path, spec.submodule_search_locations):
        for path in _files_in(folder):
            inside = path.relative_to(folder.parent).as_posix()
            if path.name.endswith(_NATIVE):
                raise _native(name, inside)
            if path.suffix == ".py":
                files[inside] = _bytes_of(name, path)
            elif not path.name.endswith(_NO_DATA):
                data.append(inside)
    if not files:
        raise LibraryProblem(f"the library {name} has no Python source that could be read")
    return files, tuple(data)


def _files_in(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)


def _bytes_of(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LibraryProblem(f"the library {name} cannot be read: {path.name}: {error.strerror}") from None


def _native(name: str, file: str) -> LibraryProblem:
    return LibraryProblem(
        f"the library {name} is not pure Python: {file} is native code, and behind the wall nothing can be loaded",
        "choose a library that is Python alone",
    )


def _distribution_of(module: str) -> tuple[str, str]:
    try:
        found = importlib.metadata.distribution(module)
    except importlib.metadata.PackageNotFoundError:
        named = importlib.metadata.packages_distributions().get(module)
        if not named:
            return module, "0"
        found = importlib.metadata.distribution(named[0])
    return found.name, found.version


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
