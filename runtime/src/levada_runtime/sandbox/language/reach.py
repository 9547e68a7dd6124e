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
        waiting += imports_of(module, path.endswith("/__init__.py"), files[path])
    return found


def imports_of(module: str, is_package: bool, source: bytes, *, dynamic: bool = False) -> Iterator[str]:
    """Name what a module imports, wherever in it that stands; of `from a import b` both `a` and `a.b`.

    With `dynamic`, also the literal names given to `__import__` and its like, and what literal text given to `exec`
    imports: connectors have neither, libraries do.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # Compiling it says what is wrong with it, and where.
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = origin_of(module, is_package, node)
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)
        elif dynamic and isinstance(node, ast.Call):
            yield from _called_for(node)


def _called_for(call: ast.Call) -> Iterator[str]:
    texts = [each.value for each in call.args[:1] if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    function = ast.unparse(call.func)
    for text in texts:
        if "import" in function:
            yield text
        elif function.rpartition(".")[2] in {"exec", "eval"}:
            yield from imports_of("", is_package=False, source=text.encode(errors="replace"), dynamic=True)


def origin_of(module: str, is_package: bool, node: ast.ImportFrom) -> str:
    """Return the module that a `from` import takes its names out of, relative ones made absolute."""
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
