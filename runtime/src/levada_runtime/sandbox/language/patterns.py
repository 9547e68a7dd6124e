"""The `match` statement under the policy: patterns read attributes, so their names are vetted like any attribute."""

# ruff: noqa: N802 - RestrictedPython calls these methods by the names of the nodes they review.

import ast
from abc import ABC, abstractmethod

from RestrictedPython.transformer import RestrictingNodeTransformer

from levada_runtime.sandbox.language.names import GUARDED_ATTRIBUTES, attribute_problem


class PatternPolicy(RestrictingNodeTransformer, ABC):
    """Allows every pattern; refuses names in them that lead out of the connector."""

    @abstractmethod
    def error(self, node: ast.AST, info: str, way_out: str | None = None) -> None:
        """Refuse a node."""

    def visit_Match(self, node: ast.Match) -> ast.AST:
        return self._contents(node)

    def visit_match_case(self, node: ast.match_case) -> ast.AST:
        return self._contents(node)

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.AST:
        self._vet(node.value)
        return node

    def visit_MatchSingleton(self, node: ast.MatchSingleton) -> ast.AST:
        return node

    def visit_MatchSequence(self, node: ast.MatchSequence) -> ast.AST:
        return self._contents(node)

    def visit_MatchOr(self, node: ast.MatchOr) -> ast.AST:
        return self._contents(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> ast.AST:
        self.check_name(node, node.name)
        return node

    def visit_MatchAs(self, node: ast.MatchAs) -> ast.AST:
        self.check_name(node, node.name)
        return self._contents(node)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> ast.AST:
        self.check_name(node, node.rest)
        for key in node.keys:
            self._vet(key)
        node.patterns = [self.visit(pattern) for pattern in node.patterns]
        return node

    def visit_MatchClass(self, node: ast.MatchClass) -> ast.AST:
        for name in node.kwd_attrs:
            self._vet_attribute(node, name)
        self._vet(node.cls)
        node.patterns = [self.visit(pattern) for pattern in node.patterns]
        node.kwd_patterns = [self.visit(pattern) for pattern in node.kwd_patterns]
        return node

    def _vet(self, expression: ast.expr) -> None:
        # A pattern's values stay as written, because a guard call is no pattern: private attributes are refused too.
        for node in ast.walk(expression):
            if isinstance(node, ast.Attribute):
                self._vet_attribute(node, node.attr)
            elif isinstance(node, ast.Name):
                self.check_name(node, node.id)

    def _vet_attribute(self, node: ast.AST, name: str) -> None:
        if name.startswith("_") or name in GUARDED_ATTRIBUTES or attribute_problem(name):
            self.error(
                node, f'"{name}" is an invalid attribute in a pattern', "match the class, and ask in a guard: `if`"
            )

    def _contents(self, node: ast.AST) -> ast.AST:
        contents: ast.AST = self.node_contents_visit(node)
        return contents
