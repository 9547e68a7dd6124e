"""From source text to code under the policy, a module at a time, or a PolicyViolation that lists every reason."""

import ast
import sys
import types
import warnings
from collections.abc import Iterable

from levada_runtime.sandbox.language.bindings import bound_names
from levada_runtime.sandbox.language.policy import ConnectorPolicy, Finding, Imports

SOURCE_BYTES = 1 << 20
_READ_AS = f"it is read as Python {sys.version_info.major}.{sys.version_info.minor}"


class PolicyViolation(Exception):  # noqa: N818 - named like the reason a run ends for.
    """The policy refuses these sources; the message names file, line, column, reason and way out of each finding."""

    def __init__(self, findings: Iterable[tuple[str, Finding]]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(_line(path, finding) for path, finding in self.findings))


def compile_module(path: str, source: bytes, imports: Imports) -> types.CodeType:
    """Return the module's code, or raise PolicyViolation; what Python only warns of is let be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _compiled(path, source, imports)


def _compiled(path: str, source: bytes, imports: Imports) -> types.CodeType:
    findings: list[Finding] = []
    tree = _parse(path, source)
    text = _annotations_are_text(tree)
    policy = ConnectorPolicy(findings, bound_names(tree), imports, path.count("/"), annotations_are_text=text)
    try:
        policy.visit(tree)
    except RecursionError:
        findings.append(Finding(1, 1, "the source is nested too deeply", "name the parts"))
    if findings:
        raise PolicyViolation((path, finding) for finding in findings)
    ast.fix_missing_locations(tree)
    try:
        return compile(tree, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise PolicyViolation([(path, _syntax_finding(error))]) from None


def compile_all(files: Iterable[tuple[str, bytes]], imports: Imports) -> dict[str, types.CodeType]:
    """Return the code of every module, or raise one PolicyViolation with the findings of all of them."""
    codes: dict[str, types.CodeType] = {}
    findings: list[tuple[str, Finding]] = []
    for path, source in files:
        try:
            codes[path] = compile_module(path, source, imports)
        except PolicyViolation as violation:
            findings += violation.findings
    if findings:
        raise PolicyViolation(findings)
    return codes


def _parse(path: str, source: bytes) -> ast.Module:
    if len(source) > SOURCE_BYTES:
        raise PolicyViolation([(path, Finding(1, 1, f"the module is larger than {SOURCE_BYTES} bytes", "split it"))])
    try:
        return ast.parse(source, path)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise PolicyViolation([(path, _syntax_finding(error))]) from None


def _syntax_finding(error: Exception) -> Finding:
    if isinstance(error, SyntaxError):
        return Finding(error.lineno or 1, error.offset or 1, f"this is not Python: {error.msg}", _READ_AS)
    return Finding(1, 1, f"this is not Python: {str(error) or type(error).__name__}", _READ_AS)


def _annotations_are_text(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and node.module == "__future__" and not node.level for node in tree.body
    )


def _line(path: str, finding: Finding) -> str:
    way_out = f"; {finding.way_out}" if finding.way_out else ""
    return f"{path}:{finding.line}:{finding.column}: {finding.reason}{way_out}"
