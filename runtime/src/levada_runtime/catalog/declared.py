"""Which libraries a connector declares: read from the literal in its source, so that they are known before it runs."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from levada_runtime.sandbox.language.policy import Finding
from levada_runtime.sandbox.language.reach import reachable

_WAY_OUT = 'write the names into the call, as in Connector(..., libraries=["name"])'


@dataclass(frozen=True, slots=True)
class Declared:
    """A library's name and where it stands."""

    name: str
    path: str
    line: int
    column: int

    def finding(self, reason: str, way_out: str | None) -> tuple[str, Finding]:
        """Return what is wrong with this library, at its name."""
        return self.path, Finding(self.line, self.column, reason, way_out)


@dataclass(frozen=True, slots=True)
class ConnectorCall:
    """A place where a `Connector` is made; `name` is what it is bound to at the top of a module, if to anything."""

    path: str
    name: str | None
    call: ast.Call


def declared_libraries(
    package: str, attribute: str, files: Mapping[str, bytes]
) -> tuple[list[Declared], list[tuple[str, Finding]]]:
    """Return the libraries that `Connector(..., libraries=[…])` names, and what is wrong with how it says so."""
    declared: dict[str, Declared] = {}
    problems: list[tuple[str, Finding]] = []
    for made in connector_calls(package, attribute, files):
        for value in (keyword.value for keyword in made.call.keywords if keyword.arg == "libraries"):
            for name in _elements(made.path, value, problems):
                declared.setdefault(name.name, name)
    return list(declared.values()), problems


def connector_calls(package: str, attribute: str, files: Mapping[str, bytes]) -> list[ConnectorCall]:
    """Return where the connector of that name is made; when no call is bound to the name, where any connector is."""
    calls = [made for path, source in reachable(package, files).items() for made in _calls(path, source)]
    return [made for made in calls if made.name == attribute] or calls


def _calls(path: str, source: bytes) -> Iterator[ConnectorCall]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # Compiling it says what is wrong with it, and where.
    bound = {id(value): name for node in tree.body for name, value in _binding(node)}
    makers = {"Connector"} | {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "levada"
        for alias in node.names
        if alias.name == "Connector"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _last_name(node.func) in makers:
            yield ConnectorCall(path, bound.get(id(node)), node)


def _binding(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    for target in targets:
        if isinstance(target, ast.Name) and value is not None:
            yield target.id, value


def _last_name(function: ast.expr) -> str | None:
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else None


def _elements(path: str, value: ast.expr, problems: list[tuple[str, Finding]]) -> Iterator[Declared]:
    if not isinstance(value, ast.List | ast.Tuple | ast.Set):
        problems.append((path, _computed(value, "the list of libraries is computed")))
        return
    for each in value.elts:
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield Declared(each.value, path, each.lineno, each.col_offset + 1)
        else:
            problems.append((path, _computed(each, "the name of a library is computed")))


def _computed(node: ast.expr, what: str) -> Finding:
    reason = f"{what}: it has to be known before the connector runs"
    return Finding(node.lineno, node.col_offset + 1, reason, _WAY_OUT)
