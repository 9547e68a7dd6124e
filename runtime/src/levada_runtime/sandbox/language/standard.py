"""What libraries need of the standard library beyond what a child finds loaded: found and read, never imported.

Behind the wall nothing can be opened any more, so whatever a library will import has to be in the child already or to
come along with it.
"""

import functools
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from levada_runtime.sandbox.language.libraries import module_name
from levada_runtime.sandbox.language.reach import imports_of

_NEVER = frozenset({"antigravity", "idlelib", "lib2to3", "test", "this", "tkinter", "turtledemo"})
# Named in the standard library by self-tests and debugging aids; they come along when a library itself names them.
_TOOLS = frozenset({"argparse", "doctest", "pdb", "pydoc", "unittest"})


def completed(libraries: Mapping[str, bytes], loaded: frozenset[str]) -> dict[str, bytes]:
    """Return the libraries of a bundle with what they need of the standard library."""
    return dict(libraries) | _remembered_closure(tuple(libraries.items()), loaded) if libraries else {}


@functools.lru_cache(maxsize=16)
def _remembered_closure(libraries: tuple[tuple[str, bytes], ...], loaded: frozenset[str]) -> dict[str, bytes]:
    return closure(dict(libraries), loaded)


def closure(roots: Mapping[str, bytes], loaded: frozenset[str]) -> dict[str, bytes]:
    """Return the pure-Python modules of the standard library that these sources lead to and `loaded` does not name.

    Paths are relative to the folder of the standard library. An import counts wherever it stands, in a function or an
    untaken branch too, also in those loaded modules that the sources name themselves: what is missing cannot be
    fetched later. So does a literal name given to `__import__` or `import_module`, and what a literal text given to
    `exec` imports.
    """
    found: dict[str, bytes] = {}
    named = {name for path, source in roots.items() if path.endswith(".py") for name in _needed_by(path, source)}
    waiting = sorted(named | {each for name in named & loaded for each in _needed_by_standard(name)})
    seen = set(loaded)
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        path = _standard_path(module)
        if path is not None:
            found[path] = (_folder() / path).read_bytes()
            waiting += _needed_by_standard(module)
    return found


def _needed_by(path: str, source: bytes) -> Iterator[str]:
    """Name the modules that a source imports, each after its parents; some are no modules but names in one."""
    for name in imports_of(module_name(path), path.endswith("/__init__.py"), source, dynamic=True):
        yield from _with_parents(name)


def _with_parents(module: str) -> Iterable[str]:
    parts = module.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def is_standard(module: str) -> bool:
    """Whether a module is part of Python itself."""
    return module.partition(".")[0] in sys.stdlib_module_names


def _standard_path(module: str) -> str | None:
    """Return the path of a pure-Python module in the standard library, None when there is none of that name."""
    if not is_standard(module) or module.partition(".")[0] in _NEVER:
        return None
    path = module.replace(".", "/")
    return next((each for each in (f"{path}/__init__.py", f"{path}.py") if (_folder() / each).is_file()), None)


@functools.cache
def _needed_by_standard(module: str) -> tuple[str, ...]:
    path = _standard_path(module)
    if path is None:
        return ()
    needed = dict.fromkeys(_needed_by(path, (_folder() / path).read_bytes()))
    tools = _TOOLS - {module.partition(".")[0]}
    return tuple(name for name in needed if name.partition(".")[0] not in tools)


@functools.cache
def _folder() -> Path:
    return Path(sysconfig.get_path("stdlib"))
