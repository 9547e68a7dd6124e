"""The libraries a connector declares, as the child finds them: from memory, for Python's own import machinery.

Their code is not compiled under the policy. It runs as it is, inside the wall, and finds there what an installed
package finds: submodules, `__path__`, `__file__`, its distribution's version. What it does not find is a file.
"""

import email.parser  # noqa: F401 - what is told of a distribution is parsed by it, which imports it when asked
import importlib.metadata
import importlib.util
import re
import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from importlib.abc import ExecutionLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from os import PathLike
from pathlib import PurePosixPath
from typing import Final

from levada.errors import ConnectorMistake

ROOT: Final = "/libraries"
"""Where libraries seem to lie; behind the wall there is no such folder, as there is no other."""
_METADATA: Final = ".dist-info/METADATA"


def module_name(path: str) -> str:
    """Return the dotted name of the module in that file."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def declared_in(libraries: Iterable[str]) -> frozenset[str]:
    """Return the libraries among a bundle's paths that connector code may import.

    What libraries brought along of the standard library is theirs alone.
    """
    tops = {module_name(path).partition(".")[0] for path in libraries if path.endswith(".py")}
    return frozenset(tops - sys.stdlib_module_names)


def check_declared(said: Iterable[str], libraries: Iterable[str]) -> None:
    """Compare what a manifest says with what was bundled; raise ConnectorMistake when they differ."""
    declared, bundled = sorted(set(said)), sorted(declared_in(libraries))
    if declared != bundled:
        raise ConnectorMistake(
            f"its manifest declares the libraries {declared} and its source {bundled}; write the names into the call, "
            'as in Connector(..., libraries=["name"])'
        )


class LibraryFinder(MetaPathFinder, ExecutionLoader):
    """Finds and loads modules by their paths among `files`; metadata of distributions may be among them."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._modules = {module_name(path): (path, source) for path, source in files.items() if path.endswith(".py")}
        self._metadata = [_Metadata(text.decode()) for path, text in files.items() if path.endswith(_METADATA)]
        self._folders = {".".join(parts) for name in self._modules for parts in _parents(name)}
        self._folders |= {name for name, (path, _) in self._modules.items() if path.endswith("/__init__.py")}
        for folder in self._folders:
            # What `pkgutil` and Python itself look up for an element of `__path__`.
            sys.path_importer_cache[_place(folder)] = _Folder(self, folder)

    def find_spec(self, fullname: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        if fullname in self._modules:
            spec = ModuleSpec(fullname, self, origin=self.get_filename(fullname), is_package=self.is_package(fullname))
            spec.has_location = True
        elif fullname in self._folders:
            spec = ModuleSpec(fullname, None, is_package=True)
        else:
            return None
        if spec.submodule_search_locations is not None:
            spec.submodule_search_locations.append(_place(fullname))
        return spec

    def exec_module(self, module: types.ModuleType) -> None:
        name = module.__spec__.name if module.__spec__ else module.__name__
        code = compile(self._modules[name][1], self.get_filename(name), "exec", dont_inherit=True)
        exec(code, vars(module))  # noqa: S102 - declared, listed at install, inside the wall.

    def get_filename(self, fullname: str) -> str:
        return f"{ROOT}/{self._known(fullname)[0]}"

    def get_source(self, fullname: str) -> str:
        return importlib.util.decode_source(self._known(fullname)[1])

    def is_package(self, fullname: str) -> bool:
        return self._known(fullname)[0].endswith("/__init__.py")

    def get_data(self, path: str) -> bytes:
        raise FileNotFoundError(f"a library has no data files behind the wall, and {path} is one")

    def find_distributions(
        self, context: importlib.metadata.DistributionFinder.Context
    ) -> Iterator[importlib.metadata.Distribution]:
        """Serve `importlib.metadata.version`, which many packages ask for their own."""
        wanted = None if context.name is None else _normal(context.name)
        return (one for one in self._metadata if wanted in (None, _normal(one.metadata["Name"])))

    def names_in(self, folder: str) -> Iterator[tuple[str, bool]]:
        """Yield the modules right inside a package, and whether each is itself one."""
        for name in sorted(self._modules.keys() | self._folders):
            parent, _, last = name.rpartition(".")
            if parent == folder and last:
                yield last, name in self._folders

    def _known(self, fullname: str) -> tuple[str, bytes]:
        if fullname not in self._modules:
            raise ImportError(f"no library has a module {fullname}", name=fullname)
        return self._modules[fullname]


class _Folder:
    """One package of the libraries, as an entry of a path."""

    def __init__(self, finder: LibraryFinder, name: str) -> None:
        self._finder = finder
        self._name = name

    def find_spec(self, fullname: str, target: object = None) -> ModuleSpec | None:
        return self._finder.find_spec(fullname, None, target)

    def iter_modules(self, prefix: str = "") -> Iterator[tuple[str, bool]]:
        return ((prefix + name, is_package) for name, is_package in self._finder.names_in(self._name))


class _Metadata(importlib.metadata.Distribution):
    """What is known of a library's distribution: its name and its version."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: str | PathLike[str]) -> PurePosixPath:  # type: ignore[override]  # nothing opens it
        return PurePosixPath(ROOT) / path


def metadata_file(name: str, version: str) -> tuple[str, bytes]:
    """Return the path and the text of a distribution's metadata, as a bundle takes them along."""
    return f"{name}-{version}{_METADATA}", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()


def _parents(module: str) -> Iterator[list[str]]:
    parts = module.split(".")
    return (parts[:count] for count in range(1, len(parts)))


def _place(module: str) -> str:
    return f"{ROOT}/{module.replace('.', '/')}"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
