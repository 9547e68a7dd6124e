"""Annotations written as text are code that is evaluated later; they are vetted wherever they come from.

When a module is compiled every text in its annotations is vetted; at run time the one choke point all of them pass,
`typing.ForwardRef`, vets those that were put together from pieces, and among whose names they are evaluated.
"""

import ast
import functools
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from levada_runtime.sandbox.language.host import calling_module, is_of_the_host
from levada_runtime.sandbox.language.names import (
    ANNOTATION_ONLY,
    GUARDED_ATTRIBUTES,
    attribute_problem,
    forbidden_builtin,
    variable_problem,
)

_ALLOWED = (
    ast.Expression, ast.Name, ast.Load, ast.Attribute, ast.Subscript, ast.Slice, ast.Tuple, ast.List, ast.Dict, ast.Set,
    ast.Constant, ast.BinOp, ast.operator, ast.UnaryOp, ast.unaryop, ast.BoolOp, ast.boolop, ast.Compare, ast.cmpop,
    ast.IfExp, ast.Starred, ast.Call, ast.keyword,
)  # fmt: skip
_ANNOTATED = (type, types.FunctionType, classmethod, staticmethod)


def types_in(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the parts of an annotation that stand for types; values, such as those of a Literal, do not."""
    yield node
    if isinstance(node, ast.Call):
        return
    parts: list[ast.AST] = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Subscript):
        name = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        if name == "Literal":
            return
        if name == "Annotated" and isinstance(node.slice, ast.Tuple):
            parts = list(node.slice.elts[:1])
    for part in parts:
        if isinstance(part, ast.expr):
            yield from types_in(part)


def problem_in(annotation: ast.expr, *, is_text: bool) -> tuple[ast.AST, str] | None:
    """Return the first part that may not be there, and why; `is_text` when Python keeps the whole of it as text."""
    for part in ast.walk(annotation) if is_text else ():
        problem = node_problem(part)
        if problem is not None:
            return part if hasattr(part, "lineno") else annotation, problem
    for part in types_in(annotation):
        problem = text_problem(part.value) if isinstance(part, ast.Constant) and isinstance(part.value, str) else None
        if problem is not None:
            return part, problem
    return None


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
        # Where text is evaluated, the builtins may be Python's own.
        if forbidden_builtin(node.id) and node.id not in ANNOTATION_ONLY:
            return f'"{node.id}" does not exist in a connector'
        return variable_problem(node.id)
    return None


def vet_forward_references() -> None:
    """Make every `typing.ForwardRef` of this process refuse text that is no plain annotation; done in the zygote.

    It also refuses to be evaluated among the names of a module of the host, and so does what `typing` makes for a
    caller: the module such things are taken to be of is the connector's, whoever of the host called for it.
    """
    original = typing.ForwardRef.__init__

    def checked(self: typing.ForwardRef, arg: Any, *arguments: Any, **keywords: Any) -> None:
        text = str.__str__(arg) if isinstance(arg, str) else arg  # What is vetted is what is evaluated.
        problem = text_problem(text) if isinstance(text, str) else None
        if problem is not None:
            raise TypeError(f"the annotation {text!r} is refused: {problem}")
        original(self, text, *arguments, **keywords)
        module = getattr(self, "__forward_module__", None)
        if module is not None and (type(module) is not str or is_of_the_host(module)):
            raise TypeError(f"the annotation {text!r} is refused: it would be evaluated in {module!r}")

    typing.ForwardRef.__init__ = checked  # type: ignore[method-assign]  # The choke point is the point.
    _vet_evaluation()
    typing._caller = calling_module  # type: ignore[attr-defined]  # noqa: SLF001 - the same, for what takes its module from it.


def _vet_evaluation() -> None:
    """Make every `typing.ForwardRef` of this process refuse names of the host's modules; the second choke point.

    What the host wrote of itself is evaluated there, and nothing else: whose names they are is told by attributes that
    a value may have made up. Into names without builtins `eval` would put Python's own, so it is given a copy.
    """
    evaluate: Any = typing.ForwardRef._evaluate  # noqa: SLF001 - the one place every text passes.

    def evaluated(self: typing.ForwardRef, globalns: Any, localns: Any, *arguments: Any, **keywords: Any) -> Any:
        text = self.__forward_arg__
        for names in (globalns, localns):
            module = names.get("__name__") if isinstance(names, Mapping) else None
            if type(module) is str and is_of_the_host(module) and text not in _written_in(module):
                raise TypeError(f"the annotation {text!r} is refused: it would be evaluated in {module!r}")
        wanted = localns if globalns is None else globalns
        if wanted is not None and not (type(wanted) is dict and "__builtins__" in wanted):
            globalns, localns = dict(wanted), wanted if localns is None else localns
        return evaluate(self, globalns, localns, *arguments, **keywords)

    typing.ForwardRef._evaluate = evaluated  # type: ignore[method-assign]  # noqa: SLF001 - as the docstring says.


@functools.cache
def _written_in(module: str) -> frozenset[str]:
    """Return the annotations that a module of the host keeps as text: its own, its classes' and its functions'."""
    found = list(vars(sys.modules[module]).values()) if module in sys.modules else []
    found += [member for each in found if isinstance(each, type) for member in vars(each).values()]
    said = [_annotations_of(each) for each in found if isinstance(each, _ANNOTATED)]
    return frozenset(text for annotations in said for text in annotations.values() if type(text) is str)


def _annotations_of(owner: Any) -> Mapping[str, Any]:
    said = vars(owner).get("__annotations__") if isinstance(owner, type) else getattr(owner, "__annotations__", None)
    return said if isinstance(said, Mapping) else {}
