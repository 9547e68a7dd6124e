"""A traceback out of the wall as Python's own, so that a failing test shows the connector's lines and not the SDK's."""

import ast
import re
import sys
from pathlib import Path
from types import TracebackType

_HEAD = "Traceback (connector frames only):"
_FRAME = re.compile(r'^  File "(?P<path>[^"]+)", line (?P<line>\d+), in (?P<name>\S+)$', re.MULTILINE)
_CAUSE = "raised_behind_the_wall"


def frames_of(told: str, package: str, following: TracebackType | None) -> TracebackType | None:
    """Return what the runtime told of an exception's way through a package, then what followed outside of the wall.

    Of an exception with causes it is its own way, without theirs.
    """
    trace = following
    for found in reversed([*_FRAME.finditer(told.rpartition(_HEAD)[2])]):
        trace = _linked(_folder_of(package) / found["path"], int(found["line"]), found["name"], trace)
    return trace


def _linked(path: Path, line: int, name: str, following: TracebackType | None) -> TracebackType:
    """Return a traceback that goes through that line and on: a function at its place is made to raise, and let go."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    source = text.splitlines()[line - 1 : line]
    indent = len(source[0]) - len(source[0].lstrip()) if source else 0
    tree = ast.parse(f"def function(): raise {_CAUSE}")
    (function,) = tree.body
    assert isinstance(function, ast.FunctionDef)
    function.name = name
    function.lineno = function.end_lineno = _first_line(text, line, name)
    for node in ast.walk(function.body[0]):
        if isinstance(node, ast.stmt | ast.expr):
            node.lineno = node.end_lineno = line
            node.col_offset, node.end_col_offset = indent, len(source[0]) if source else indent + 1
    namespace = {_CAUSE: RuntimeError()}
    exec(compile(tree, str(path), "exec"), namespace)  # noqa: S102 - a line of our own, which raises and nothing else
    try:
        namespace[name]()  # type: ignore[operator]  # it is the function that was just made
    except RuntimeError as error:
        trace = error.__traceback__
    own = trace and trace.tb_next
    assert own is not None, "a function that raises did not"
    return TracebackType(following, own.tb_frame, own.tb_lasti, line)


def _first_line(text: str, line: int, name: str) -> int:
    """Return where the function begins that the line is in, else the line itself."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except SyntaxError:
        return line
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef) and node.name == name]
    begun = [node.lineno for node in functions if node.lineno <= line <= (node.end_lineno or node.lineno)]
    return max(begun, default=line)


def _folder_of(package: str) -> Path:
    """Return the folder that paths of a package's files begin in."""
    origin = Path(str(getattr(sys.modules.get(package), "__file__", None) or ""))
    return origin.parent.parent if origin.name == "__init__.py" else origin.parent
