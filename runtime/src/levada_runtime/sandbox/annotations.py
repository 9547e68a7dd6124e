"""Annotations written as text are code that is evaluated later; they are vetted wherever they come from.

When a module is compiled every text in its annotations is vetted; at run time the one choke point all of them pass,
`typing.ForwardRef`, vets those that were put together from pieces.
"""

import ast
import typing
from typing import Any

from levada_runtime.sandbox.names import GUARDED_ATTRIBUTES, attribute_problem, variable_problem

_ALLOWED = (
    ast.Expression, ast.Name, ast.Load, ast.Attribute, ast.Subscript, ast.Tuple, ast.List, ast.Constant, ast.BinOp,
    ast.BitOr, ast.UnaryOp, ast.USub, ast.Call, ast.keyword,
)  # fmt: skip


def text_problem(text: str) -> str | None:
    """Return why this text may not be an annotation; None when it may, or when it is no expression at all."""
    try:
        tree = ast.parse(text.strip() or "x", mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return next((problem for node in ast.walk(tree) if (problem := node_problem(node))), None)


def node_problem(node: ast.AST) -> str | None:
    """Return why this node may not stand in an annotation that is evaluated as it is written."""
    if not isinstance(node, _ALLOWED):
        return f"{type(node).__name__} has no place in an annotation"
    if isinstance(node, ast.Attribute):
        if node.attr.startswith("_") or node.attr in GUARDED_ATTRIBUTES:
            return f'"{node.attr}" is an invalid attribute name'
        return attribute_problem(node.attr)
    if isinstance(node, ast.Name):
        return variable_problem(node.id)
    return None


def vet_forward_references() -> None:
    """Make every `typing.ForwardRef` of this process refuse text that is no plain annotation; done in the zygote."""
    original = typing.ForwardRef.__init__

    def checked(self: typing.ForwardRef, arg: Any, *arguments: Any, **keywords: Any) -> None:
        problem = text_problem(arg) if isinstance(arg, str) else None
        if problem is not None:
            raise TypeError(f"the annotation {arg!r} is refused: {problem}")
        original(self, arg, *arguments, **keywords)

    typing.ForwardRef.__init__ = checked  # type: ignore[method-assign]  # The choke point is the point.
