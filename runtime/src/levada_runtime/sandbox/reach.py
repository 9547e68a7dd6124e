"""Which of a package's modules a connector can ever import: a distribution may also ship what never enters the wall."""

import ast
from collections.abc import Iterator, Mapping


def reachable(package: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the sources the package's top module leads to, wherever in them an import stands; parents included."""
    found: dict[str, bytes] = {}
    waiting = [package]
    while waiting:
        module = waiting.pop()
        path = _path_of(module, files)
        if path is None or path in found:
            continue
        found[path] = files[path]
        waiting += _parents(module)
        waiting += _imports(module, path.endswith("/__init__.py"), files[path])
    return found


def _imports(module: str, is_package: bool, source: bytes) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # Compiling it says what is wrong with it, and where.
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(module, is_package, node)
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def _origin(module: str, is_package: bool, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    kept = parts[: len(parts) - node.level + (1 if is_package else 0)]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _path_of(module: str, files: Mapping[str, bytes]) -> str | None:
    path = module.replace(".", "/")
    return next((each for each in (f"{path}/__init__.py", f"{path}.py") if each in files), None)
