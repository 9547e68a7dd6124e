"""ConnectorPolicy: the Python a connector may be written in, on RestrictedPython's transformer.

RestrictedPython refuses every node nobody has reviewed and this class reviews the rest. The names in `a.b` are
literals: they are vetted here and stay plain loads, which keeps mapping code within twice plain Python. Only what
cannot be told when compiling is left to the guards of `guards.py`: private names, `format`, writes, and `getattr`
with a computed name.
"""

# ruff: noqa: N802 - RestrictedPython calls these methods by the names of the nodes they review.

import ast
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from levada_runtime.sandbox.language import ways_out
from levada_runtime.sandbox.language.annotations import problem_in
from levada_runtime.sandbox.language.names import (
    ANNOTATION_ONLY,
    BUILTIN_KINDS,
    CLASS_CONSTANTS,
    DUNDER_CONSTANTS,
    DUNDER_METHODS,
    GUARDED_ATTRIBUTES,
    READABLE_ATTRIBUTES,
    READABLE_DUNDERS,
    RESERVED,
    SUNDER_METHODS,
    SUPER_METHODS,
    attribute_problem,
    field_problem,
    forbidden_builtin,
    slot_problem,
    variable_problem,
)
from levada_runtime.sandbox.language.patterns import PatternPolicy
from levada_runtime.sandbox.language.rewrite import (
    freezer,
    guarded_load,
    guarded_write,
    made_checked,
    made_checked_value,
    maker,
    parent,
)


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
    """Rewrites one module's tree in place and adds what it refuses to `findings`.

    `depth` is how many packages the module stands in: as many dots a relative import may have.
    """

    def __init__(
        self,
        findings: list[Finding],
        bound: frozenset[str],
        imports: Imports,
        depth: int,
        *,
        annotations_are_text: bool,
    ) -> None:
        super().__init__([], [], {})
        self._findings = findings
        self._imports = imports
        self._bound = bound
        self._depth = depth
        self._annotations_are_text = annotations_are_text
        self._in_class = False
        self._class = ""
        self._annotating = False

    def error(self, node: ast.AST, info: str, way_out: str | None = None) -> None:
        finding = Finding(getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1, info, way_out)
        if finding not in self._findings:
            self._findings.append(finding)

    def not_allowed(self, node: ast.AST) -> None:
        kind = type(node).__name__
        self.error(node, f"{kind} statements are not allowed", ways_out.OF_NODES.get(kind, "write it out otherwise"))

    # Names

    def check_name(self, node: ast.AST, name: str | None, allow_magic_methods: bool = False) -> None:
        if name is None or (self._in_class and name in SUNDER_METHODS):
            return
        if allow_magic_methods and self._in_class and name in DUNDER_METHODS:
            return
        problem = variable_problem(self._as_python_has_it(name))
        if problem is not None:
            self.error(node, problem, ways_out.of_variable(name))

    def _as_python_has_it(self, name: str) -> str:
        """Return the name as it will be: in a class two leading underscores make it private to that class."""
        owner = self._class.lstrip("_")
        return f"_{owner}{name}" if owner and name.startswith("__") and not name.endswith("__") else name

    def visit_Name(self, node: ast.Name) -> ast.AST:
        name = node.id
        if isinstance(node.ctx, ast.Load):
            if name == "super":
                self.error(node, "super is there to be called", "write super().method(...)")
                return node
            if name in READABLE_DUNDERS or name in RESERVED or (self._in_class and name in DUNDER_METHODS):
                return node
            known = name in self._bound or (self._annotating and name in ANNOTATION_ONLY)
            way_out = None if known else forbidden_builtin(name)
            if way_out is not None:
                self.error(node, f'"{name}" does not exist in a connector', way_out)
                return node
        self.check_name(node, name)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        name = node.attr = self._as_python_has_it(node.attr)
        if isinstance(node.ctx, ast.Load):
            return self._read(node, name)
        if self._refuses_attribute(node, name):
            return node
        return guarded_write(self.node_contents_visit(node))

    def _read(self, node: ast.Attribute, name: str) -> ast.AST:
        if name in READABLE_ATTRIBUTES:
            return guarded_load(self.node_contents_visit(node))
        if name == "__new__" and (_is_super_call(node.value) or self._is_builtin(node.value, BUILTIN_KINDS)):
            return maker(self.node_contents_visit(node))
        if name in SUPER_METHODS and _is_super_call(node.value):
            return self._contents(node)
        if name == "__setattr__" and self._is_builtin(node.value, {"object"}):
            return freezer(node)
        if self._refuses_attribute(node, name):
            return node
        if name.startswith("_") or name in GUARDED_ATTRIBUTES:
            return guarded_load(self.node_contents_visit(node))
        return self._contents(node)

    def _refuses_attribute(self, node: ast.AST, name: str) -> bool:
        problem = attribute_problem(name)
        if problem is not None:
            self.error(node, problem, ways_out.of_attribute(name))
        return problem is not None

    def _is_builtin(self, node: ast.expr, kinds: Container[str]) -> bool:
        return isinstance(node, ast.Name) and node.id in kinds and node.id not in self._bound

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.ctx, ast.Load):
            return self._contents(node)
        return guarded_write(self.node_contents_visit(node))

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
        target = node.targets[0]
        if len(node.targets) == 1 and isinstance(target, ast.Name):
            if self._is_told_by(target, node.value):
                return node
            if target.id in (DUNDER_METHODS if self._in_class else DUNDER_CONSTANTS):
                value = self.visit(node.value)
                node.value = made_checked_value(value) if self._in_class and target.id == "__new__" else value
                return node
        return self._contents(node)

    def _is_told_by(self, target: ast.expr, value: ast.expr | None) -> bool:
        """Whether this is a constant like `__version__ = "1"` or `__slots__ = ("a",)`, which may stay as it stands."""
        if not isinstance(target, ast.Name) or value is None:
            return False
        if target.id not in (CLASS_CONSTANTS if self._in_class else DUNDER_CONSTANTS):
            return False
        try:
            constant = ast.literal_eval(value)
        except (ValueError, TypeError):
            return False
        if target.id == "__slots__":
            return _are_slots(constant)
        return target.id != "__match_args__" or _are_fields(constant)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        target = node.target
        if isinstance(target, ast.Attribute):
            target.attr = self._as_python_has_it(target.attr)
            if self._refuses_attribute(target, target.attr):
                return node
            node.target = guarded_write(self.node_contents_visit(target), reads=True)
            node.value = self.visit(node.value)
            return node
        return self._contents(node)

    def visit_With(self, node: ast.With) -> ast.AST:
        return self._contents(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if not _is_super_call(node):
            return self._contents(node)
        if node.keywords or len(node.args) not in (0, 2) or any(isinstance(each, ast.Starred) for each in node.args):
            self.error(node, "super() takes nothing, or a class of your own and an object", "write super().method(...)")
            return node
        node.args = [self.visit(each) for each in node.args]
        return parent(node) if node.args else node

    def guard_iter(self, node: ast.AST) -> ast.AST:
        return self._contents(node)

    def visit_If(self, node: ast.If) -> ast.AST:
        if ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            # Only type checkers read it, so it may name what is not there; taken out, it cannot run.
            node.body = [ast.copy_location(ast.Pass(), node)]
        return self._contents(node)

    # Imports

    def visit_Import(self, node: ast.Import) -> ast.AST:
        for alias in node.names:
            self._vet_import(alias, alias.name)
            self._vet_bound(alias, alias.asname or alias.name)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if node.module == "__future__" and not node.level:
            if [alias.name for alias in node.names] != ["annotations"]:
                self.error(node, "only annotations can be imported from __future__", "the others are what Python does")
            return node
        if node.level > self._depth:
            self.error(node, "this import leads out of the connector's package", "use fewer dots, or the module's name")
            return node
        for alias in node.names:
            if alias.name == "*":
                self._refuse_star(alias, "." * node.level + (node.module or ""))
            else:
                self._vet_bound(alias, alias.name, alias.asname)
        if node.level == 0 and node.module and self._vet_import(node, node.module):
            self._vet_imported_names(node.module, node.names)
        return node

    def _vet_imported_names(self, module: str, names: Iterable[ast.alias]) -> None:
        for alias in names:
            problem = self._imports.name_problem(module, alias.name) if alias.name != "*" else None
            if problem is not None:
                self.error(alias, problem, ways_out.of_imported_name(module, alias.name))

    def _refuse_star(self, alias: ast.alias, module: str) -> None:
        self.error(alias, f"{module}.* cannot be imported by a connector", ways_out.of_imported_name(module, "*"))

    def _vet_bound(self, alias: ast.alias, *names: str | None) -> None:
        for name in names:
            if name not in DUNDER_CONSTANTS:
                self.check_name(alias, name)

    def _vet_import(self, node: ast.AST, module: str) -> bool:
        if self._imports.allows(module):
            return True
        self.error(node, f"{module} cannot be imported by a connector", ways_out.of_import(module))
        return False

    # Definitions

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        # RestrictedPython puts a metaclass of its own here and silently drops every other keyword.
        self.check_name(node, node.name)
        for keyword in node.keywords:
            if keyword.arg is None or keyword.arg.startswith("_") or attribute_problem(keyword.arg):
                self.error(node, f"the class keyword {keyword.arg or '**'} is not allowed", "write the keywords out")
            elif keyword.arg == "metaclass":
                self.error(node, "the class keyword metaclass is not allowed", "derive from abc.ABC or enum.Enum")
        body, node.body = node.body, []
        self._contents(node)
        with self._scope(in_class=True, owner=node.name):
            node.body = [self.visit(statement) for statement in body]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.check_name(node, node.name, allow_magic_methods=True)
        self.check_function_argument_names(node)
        returns, node.returns = self._annotation(node.returns), None
        with self._scope(in_class=False):
            node = self.node_contents_visit(node)
        node.returns = returns
        return made_checked(node) if self._in_class and node.name == "__new__" else node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = self._annotation(node.annotation)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        target = node.target
        told = self._is_told_by(target, node.value)
        if self._in_class and not told and isinstance(target, ast.Name):
            self._check_field(node, target.id)
        if not told:
            node.target = self.visit(target)
        node.annotation = self._annotation(node.annotation) or node.annotation
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def _check_field(self, node: ast.AST, name: str) -> None:
        if field_problem(self._as_python_has_it(name)):
            self.error(node, f'"{name}" is an invalid field name', ways_out.of_attribute(name))

    def visit_TypeAlias(self, node: ast.AST) -> ast.AST:
        return self._contents(node)

    def visit_TypeVar(self, node: ast.AST) -> ast.AST:
        self.check_name(node, getattr(node, "name", None))
        return self._contents(node)

    def visit_ParamSpec(self, node: ast.AST) -> ast.AST:
        return self.visit_TypeVar(node)

    def visit_TypeVarTuple(self, node: ast.AST) -> ast.AST:
        return self.visit_TypeVar(node)

    def _annotation(self, node: ast.expr | None) -> ast.expr | None:
        """Vet an annotation. One that Python keeps as text is left as it is: a guard call has no place in that text."""
        if node is None:
            return None
        found = problem_in(node, is_text=self._annotations_are_text)
        if found is not None:
            part, problem = found
            self.error(part, f"in an annotation: {problem}", "name the type, and work values out elsewhere")
        if found is not None or self._annotations_are_text:
            return node
        self._annotating = True
        try:
            visited: ast.expr = self.visit(node)
        finally:
            self._annotating = False
        return visited

    @contextmanager
    def _scope(self, *, in_class: bool, owner: str | None = None) -> Iterator[None]:
        before = self._in_class, self._class
        self._in_class, self._class = in_class, owner or self._class
        try:
            yield
        finally:
            self._in_class, self._class = before


def _is_super_call(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def _are_slots(names: object) -> bool:
    if isinstance(names, str):
        return slot_problem(names) is None
    return isinstance(names, tuple | list | set | dict) and not any(slot_problem(name) for name in names)


def _are_fields(names: object) -> bool:
    return isinstance(names, tuple) and not any(
        field_problem(name) or name.startswith("_") or name in GUARDED_ATTRIBUTES for name in names
    )
