"""What libraries need beyond themselves: other libraries that were not declared, and files that are not Python.

Only what is certain counts: an import that happens when the library is imported and that nothing catches. What stands
in a function, behind an `if` or in a `try` for ImportError may never be needed.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

from levada_runtime.catalog.library import IN_THE_WALL, Library, LibraryProblem, find_library
from levada_runtime.sandbox.language.libraries import module_name
from levada_runtime.sandbox.language.reach import imports_of, origin_of
from levada_runtime.sandbox.language.standard import is_standard

_CATCHING = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")
_OWN_FOLDER = (b"__file__", b"resources", b"get_data", b"__path__")


def imported_from(libraries: Mapping[str, Library], files: Mapping[str, bytes]) -> dict[str, list[str]]:
    """Return, by library, the modules of it that a connector's own sources name."""
    found: dict[str, list[str]] = {name: [] for name in libraries}
    for path, source in files.items():
        for name in imports_of(module_name(path), path.endswith("/__init__.py"), source):
            found.get(name.partition(".")[0], []).append(name)
    return found


def unmet(libraries: Mapping[str, Library], entries: Mapping[str, Sequence[str]]) -> list[tuple[str, LibraryProblem]]:
    """Return what is missing for these libraries, each with the declared library that leads to it.

    `entries` are the modules that are imported from outside; a library is looked at from there and from its top.
    """
    walk = _Walk(libraries)
    for name in libraries:
        walk.follow(name, [name, *entries.get(name, ())])
    return [*walk.problems, *walk.undeclared()]


class _Walk:
    """Goes from module to module along the imports that are certain, into libraries that were not declared, too."""

    def __init__(self, libraries: Mapping[str, Library]) -> None:
        self.problems: list[tuple[str, LibraryProblem]] = []
        self._known = dict(libraries)
        self._declared = tuple(libraries)
        self._missing: dict[str, tuple[str, str, str]] = {}
        self._refused: set[str] = set()
        self._seen: set[str] = set()

    def follow(self, declared: str, entries: Iterable[str]) -> None:
        waiting = [part for module in entries for part in _with_parents(module)]
        while waiting:
            module = waiting.pop(0)
            library = self._known[module.partition(".")[0]]
            path = _path_of(module, library.files)
            if module in self._seen or path is None:
                continue
            self._seen.add(module)
            self.problems += [(declared, problem) for problem in _data_read(library, path, library.files[path])]
            for name, line in _imports(module, path, library.files[path]):
                if self._has(name.partition(".")[0], declared, library.name, f"{path}:{line}"):
                    waiting += _with_parents(name)

    def undeclared(self) -> list[tuple[str, LibraryProblem]]:
        """Return the libraries that only have to be declared, each with the list that would do."""
        way_out = f"libraries=[{', '.join(map(_quoted, [*self._declared, *self._missing]))}]"
        return [
            (declared, LibraryProblem(f"the library {by} imports {wanted} ({place}), which is not declared", way_out))
            for wanted, (declared, by, place) in self._missing.items()
        ]

    def _has(self, wanted: str, declared: str, by: str, place: str) -> bool:
        """Whether a library is there to be followed; one that is not declared is looked for, and noted."""
        if wanted in self._known:
            return True
        if not wanted or wanted in IN_THE_WALL or wanted in self._refused or is_standard(wanted):
            return False
        try:
            self._known[wanted] = find_library(wanted)
        except LibraryProblem as why:
            self._refused.add(wanted)
            self.problems.append((declared, _unusable(place, by, wanted, why)))
            return False
        self._missing[wanted] = (declared, by, place)
        return True


def _quoted(name: str) -> str:
    return f'"{name}"'


def _unusable(place: str, library: str, wanted: str, why: LibraryProblem) -> LibraryProblem:
    return LibraryProblem(f"the library {library} imports {wanted} ({place}), and {why.reason}", why.way_out)


def _data_read(library: Library, path: str, source: bytes) -> Iterator[LibraryProblem]:
    """Find a file of the library's own that a module reads: one that asks for its folder, and names the file."""
    if not library.data or not any(word in source for word in _OWN_FOLDER):
        return
    names = _names_of_data(library)
    for text in _texts(source):
        for part in text.split("/"):
            if part in names:
                yield LibraryProblem(
                    f"the library {library.name} reads its data file {names[part]} ({path}), and behind the wall there "
                    "are no files",
                    "choose a library that is Python alone, or keep the data in a module of the connector",
                )
                return


def _names_of_data(library: Library) -> dict[str, str]:
    """Return what may stand for a data file in source: its name, or that of a folder with nothing but data in it."""
    with_code = {part for path in library.files for part in path.split("/")[:-1]}
    named: dict[str, str] = {}
    for path in library.data:
        *folders, name = path.split("/")
        for part in (name, *(each for each in folders if each not in with_code)):
            named.setdefault(part, path)
    return named


def _texts(source: bytes) -> Iterator[str]:
    for node in ast.walk(_parsed(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not any(map(str.isspace, node.value)):
            yield node.value


def _imports(module: str, path: str, source: bytes) -> Iterator[tuple[str, int]]:
    for node in _certain(_parsed(source).body):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        else:
            origin = origin_of(module, path.endswith("/__init__.py"), node)
            yield origin, node.lineno
            yield from ((f"{origin}.{alias.name}", node.lineno) for alias in node.names)


def _certain(body: Iterable[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that running these statements runs, and that nothing would go on without."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.Try):
            if not any(_catches(handler) for handler in node.handlers):
                yield from _certain([*node.body, *node.orelse])
            yield from _certain(node.finalbody)
        elif isinstance(node, ast.With | ast.For | ast.While | ast.ClassDef):
            yield from _certain(node.body)


def _catches(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or any(word in ast.unparse(handler.type) for word in _CATCHING)


def _parsed(source: bytes) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])  # Importing it says what is wrong with it.


def _path_of(module: str, files: Mapping[str, bytes]) -> str | None:
    path = module.replace(".", "/")
    return next((each for each in (f"{path}/__init__.py", f"{path}.py") if each in files), None)


def _with_parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
