"""The libraries of a connector: what it declares, found on disk and held against what a wall can give them."""

from collections.abc import Mapping
from dataclasses import dataclass

from levada_runtime.catalog.declared import Declared, declared_libraries
from levada_runtime.catalog.library import MAX_LIBRARY_BYTES, Library, LibraryProblem, find_library
from levada_runtime.catalog.needs import imported_from, unmet
from levada_runtime.sandbox.language.policy import Finding
from levada_runtime.sandbox.language.reach import reachable
from levada_runtime.sandbox.language.standard import closure

__all__ = ["Libraries", "closure", "libraries_of"]


@dataclass(frozen=True, slots=True)
class Libraries:
    """What was found of the libraries that a connector declares, and what is wrong with them, by path of the source."""

    declared: tuple[Declared, ...]
    found: tuple[Library, ...]
    problems: tuple[tuple[str, Finding], ...]
    unused: tuple[Declared, ...] = ()


def libraries_of(package: str, attribute: str, files: Mapping[str, bytes]) -> Libraries:
    """Return the libraries of the connector that these sources make; nothing is imported."""
    declared, problems = declared_libraries(package, attribute, files)
    found: dict[str, Library] = {}
    for each in declared:
        try:
            found[each.name] = _usable(each.name, package)
        except LibraryProblem as problem:
            problems.append(each.finding(problem.reason, problem.way_out))
    named = {each.name: each for each in declared}
    entries = imported_from(found, reachable(package, files)) if found else {}
    size = sum(library.size for library in found.values())
    if size > MAX_LIBRARY_BYTES:
        reason = f"its libraries are {size} bytes of source together, and {MAX_LIBRARY_BYTES} are allowed"
        problems.append(declared[0].finding(reason, "choose smaller ones"))
    else:
        problems += [named[name].finding(one.reason, one.way_out) for name, one in unmet(found, entries)]
    unused = tuple(each for each in declared if each.name in entries and not entries[each.name])
    return Libraries(tuple(declared), tuple(found.values()), tuple(problems), unused)


def _usable(name: str, package: str) -> Library:
    if name == package:
        raise LibraryProblem(f"{name} is the connector's own package", "leave it out: its modules are there")
    return find_library(name)
