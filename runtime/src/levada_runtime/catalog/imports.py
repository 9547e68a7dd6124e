"""What each module of a connector imports, and what kind of thing that is to a connector."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from levada_runtime.sandbox.language.libraries import module_name
from levada_runtime.sandbox.language.modules import ALLOWED
from levada_runtime.sandbox.language.reach import origin_of

_OFFERED: Final = frozenset({*ALLOWED, "levada", "levada.contracts"})


@dataclass(frozen=True, slots=True)
class ModuleImports:
    """What one module imports: its own package's modules, façades, libraries, and what is refused."""

    module: str
    own: tuple[str, ...]
    facade: tuple[str, ...]
    library: tuple[str, ...]
    refused: tuple[str, ...]


def imports_in(path: str, source: bytes, package: str, libraries: frozenset[str]) -> ModuleImports:
    """Return the imports of a module by kind; of one that is no Python, none."""
    module = module_name(path)
    kinds: dict[str, set[str]] = {"own": set(), "facade": set(), "library": set(), "refused": set()}
    for name in _named(module, path, source):
        kinds[_kind(name, package, libraries)].add(name)
    return ModuleImports(module, *(tuple(sorted(kinds[kind])) for kind in ("own", "facade", "library", "refused")))


def _kind(name: str, package: str, libraries: frozenset[str]) -> str:
    top = name.partition(".")[0]
    if top == package:
        return "own"
    if top in libraries:
        return "library"
    return "facade" if any(each == name or each.startswith(f"{name}.") for each in _OFFERED) else "refused"


def _named(module: str, path: str, source: bytes) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # The child says what is wrong with it, and where.
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield origin_of(module, path.endswith("/__init__.py"), node)
