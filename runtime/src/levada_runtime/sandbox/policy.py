"""ConnectorPolicy: the Python a connector may be written in, on RestrictedPython's transformer.

RestrictedPython refuses every node nobody has reviewed and this class reviews the rest. The names in `a.b` are
literals: they are vetted here and stay plain loads, which keeps mapping code within twice plain Python. Only what
cannot be told when compiling is left to the guards of `guards.py`: private names, `format`, writes, and `getattr`
with a computed name.
"""

# ruff: noqa: N802 - RestrictedPython calls these methods by the names of the nodes they review.

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from RestrictedPython.transformer import copy_locations

from levada_runtime.sandbox.annotations import node_problem, text_problem
from levada_runtime.sandbox.names import (
    DUNDER_CONSTANTS,
    DUNDER_METHODS,
    GUARDED_ATTRIBUTES,
    READABLE_ATTRIBUTES,
    READABLE_DUNDERS,
    SUPER_METHODS,
    attribute_problem,
    forbidden_builtin,
    variable_problem,
    way_out_of_import,
)
from levada_runtime.sandbox.patterns import PatternPolicy

_NO_ASYNC = "write a plain function: the runtime is concurrent between runs"
_WAYS_OUT = {
    "AsyncFunctionDef": _NO_ASYNC,
    "Await": _NO_ASYNC,
    "AsyncFor": _NO_ASYNC,
    "AsyncWith": _NO_ASYNC,
    "TryStar": "catch the exception itself with `except`",
}


class Imports(Protocol):
    """What a module may import, as far as can be told before it runs."""

    def allows(self, module: str) -> bool: ...

    def name_problem(self, module: str, name: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the policy refuses: where (columns count from 1), why, and the way out when one is known."""

    line: int
    column: int
    reason: str
    way_out: str | None = None


class ConnectorPolicy(PatternPolicy):
    """Rewrites one module's tree in place and adds what it refuses to `findings`."""

    def __init__(
        self, findings: list[Finding], bound: frozenset[str], imports: Imports, *, annotations_are_text: bool
    ) -> None:
        super().__init__([], [], {})
        self._findings = findings
        self._imports = imports
        self._bound = bound
        self._annotations_are_text = annotations_are_text
        self._in_class = False

    def error(self, node: ast.AST, info: str, way_out: str | None = None) -> None:
        self._findings.append(Finding(getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1, info, way_out))

    def not_allowed(self, node: ast.AST) -> None:
        kind = type(node).__name__
        self.error(node, f"{kind} statements are not allowed", _WAYS_OUT.get(kind))

    # Names

    def check_name(self, node: ast.AST, name: str | None, allow_magic_methods: bool = False) -> None:
        if name is None or (allow_magic_methods and self._in_class and name in DUNDER_METHODS):
            return
        problem = variable_problem(name)
        if problem is not None:
            self.error(node, problem)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        name = node.id
        if isinstance(node.ctx, ast.Load):
            if name in READABLE_DUNDERS or name in {"super", "print", "getattr", "setattr"}:
                return node
            way_out = None if name in self._bound else forbidden_builtin(name)
            if way_out is not None:
                self.error(node, f'"{name}" does not exist in a connector', way_out)
                return node
        self.check_name(node, name)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        name = node.attr
        loads = isinstance(node.ctx, ast.Load)
        if loads and name in READABLE_ATTRIBUTES:
            return self._guarded_load(node)
        if loads and name in SUPER_METHODS and _is_super_call(node.value):
            return self._contents(node)
        problem = attribute_problem(name)
        if problem is not None:
            self.error(node, problem)
            return node
        if loads:
            return (
                self._guarded_load(node) if name.startswith("_") or name in GUARDED_ATTRIBUTES else self._contents(node)
            )
        return self._guarded_write(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        return self._contents(node) if isinstance(node.ctx, ast.Load) else self._guarded_write(node)

    def visit_Global(self, node: ast.Global) -> ast.AST:
        for name in node.names:
            self.check_name(node, name)
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        for name in node.names:
            self.check_name(node, name)
        return node

    # Statements RestrictedPython rewrites only to guard iteration and calls, which need no guard here

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if _is_constant_dunder(node, in_class=self._in_class):
            return node
        return self._contents(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        return self._contents(node)

    def visit_With(self, node: ast.With) -> ast.AST:
        return self._contents(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        return self._contents(node)

    def guard_iter(self, node: ast.AST) -> ast.AST:
        return self._contents(node)

    def visit_Import(self, node: ast.Import) -> ast.AST:
        for alias in node.names:
            self._vet_import(alias, alias.name)
        return self.check_import_names(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if node.module == "__future__":
            if [alias.name for alias in node.names] != ["annotations"]:
                self.error(node, "only annotations can be imported from __future__")
            return node
        if node.level == 0 and node.module and self._vet_import(node, node.module):
            for alias in node.names:
                problem = self._imports.name_problem(node.module, alias.name)
                if problem is not None:
                    self.error(alias, problem)
        return self.check_import_names(node)

    def _vet_import(self, node: ast.AST, module: str) -> bool:
        if self._imports.allows(module):
            return True
        self.error(node, f"{module} cannot be imported by a connector", way_out_of_import(module))
        return False

    # Definitions

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        # RestrictedPython puts a metaclass of its own here and silently drops every other keyword.
        self.check_name(node, node.name)
        for keyword in node.keywords:
            if keyword.arg is None or keyword.arg == "metaclass" or keyword.arg.startswith("_"):
                self.error(
                    node, f"the class keyword {keyword.arg or '**'} is not allowed", "derive from abc.ABC or enum.Enum"
                )
            elif attribute_problem(keyword.arg):
                self.error(node, f"the class keyword {keyword.arg} is not allowed")
        with self._scope(in_class=True):
            return self._contents(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.check_name(node, node.name, allow_magic_methods=True)
        self.check_function_argument_names(node)
        node.returns = self._annotation(node.returns)
        returns, node.returns = node.returns, None
        with self._scope(in_class=False):
            node = self.node_contents_visit(node)
        node.returns = returns
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = self._annotation(node.annotation)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if self._in_class and isinstance(node.target, ast.Name) and attribute_problem(node.target.id):
            # A field's name becomes part of `__match_args__`, which patterns read by position.
            self.error(node, f'"{node.target.id}" is an invalid field name')
        node.target = self.visit(node.target)
        annotation = self._annotation(node.annotation)
        assert annotation is not None
        node.annotation = annotation
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_TypeAlias(self, node: ast.AST) -> ast.AST:
        return self._contents(node)

    def visit_TypeVar(self, node: ast.AST) -> ast.AST:
        self.check_name(node, getattr(node, "name", None))
        return self._contents(node)

    def _annotation(self, node: ast.expr | None) -> ast.expr | None:
        """Vet an annotation. One that Python keeps as text is left as it is: a guard call has no place in that text."""
        if node is None:
            return None
        for part in ast.walk(node):
            problem = node_problem(part) if self._annotations_are_text else None
            if problem is None and isinstance(part, ast.Constant) and isinstance(part.value, str):
                problem = text_problem(part.value)
            if problem is not None:
                self.error(part if hasattr(part, "lineno") else node, f"in an annotation: {problem}")
                return node
        if self._annotations_are_text:
            return node
        visited: ast.expr = self.visit(node)
        return visited

    @contextmanager
    def _scope(self, *, in_class: bool) -> Iterator[None]:
        before, self._in_class = self._in_class, in_class
        try:
            yield
        finally:
            self._in_class = before

    def _guarded_load(self, node: ast.Attribute) -> ast.AST:
        node = self.node_contents_visit(node)
        call = ast.Call(ast.Name("_getattr_", ast.Load()), [node.value, ast.Constant(node.attr)], [])
        copy_locations(call, node)
        return call

    def _guarded_write(self, node: ast.Attribute | ast.Subscript) -> ast.AST:
        node = self.node_contents_visit(node)
        call = ast.Call(ast.Name("_write_", ast.Load()), [node.value], [])
        copy_locations(call, node.value)
        node.value = call
        return node


def bound_names(tree: ast.AST) -> frozenset[str]:
    """Return every name the module binds anywhere: a connector may have its own `open` or `dir`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name)
        elif isinstance(node, ast.MatchAs | ast.MatchStar | ast.ExceptHandler) and node.name:
            found.add(node.name)
    return frozenset(found)


def _is_super_call(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def _is_constant_dunder(node: ast.Assign, *, in_class: bool) -> bool:
    target = node.targets[0]
    names = {"__slots__", "__hash__"} if in_class else DUNDER_CONSTANTS
    if len(node.targets) != 1 or not isinstance(target, ast.Name) or target.id not in names:
        return False
    try:
        ast.literal_eval(node.value)
    except ValueError:
        return False
    return True
