"""What the policy says of each construct on the Python at hand, and which nodes of its syntax that covers."""

import ast
import sys
import warnings
from collections.abc import Mapping

import levada
from levada import contracts
from levada_runtime.sandbox.language import facade
from levada_runtime.sandbox.language.compile import PolicyViolation, compile_module
from levada_runtime.sandbox.language.loader import ConnectorLoader

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
_PATH = "specimen/feature.py"


def verdicts(constructs: Mapping[str, str]) -> dict[str, str]:
    """Return `ok`, or each refusal as an author reads it without the file's name."""
    offers = {
        "levada": lambda: {name: getattr(levada, name) for name in levada.__all__},
        "levada.contracts": _contracts,
    }
    imports = ConnectorLoader("specimen", {}, facade.build(offers), {}, print)
    return {title: _verdict(source, imports) for title, source in constructs.items()}


def _contracts() -> dict[str, object]:
    public = {name: getattr(contracts, name) for name in contracts.__all__}
    return {name: one for name, one in public.items() if isinstance(one, type) and name not in ("Contract", "Part")}


def _verdict(source: str, imports: ConnectorLoader) -> str:
    try:
        compile_module(_PATH, source.encode(), imports)
    except PolicyViolation as violation:
        told = str(violation).replace(f"{_PATH}:", "").split("\n")
        # What Python says of its own syntax changes from one patch release to the next.
        return "this is not Python" if "this is not Python" in told[0] else " | ".join(told)
    return "ok"


def nodes() -> dict[str, list[str]]:
    """Return every class of `ast` there is, with its fields."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {name: getattr(ast, name) for name in dir(ast)}
    kinds = {name: kind for name, kind in found.items() if isinstance(kind, type) and issubclass(kind, ast.AST)}
    return {name: list(kind._fields) for name, kind in sorted(kinds.items())}


def covered(constructs: Mapping[str, str]) -> set[str]:
    """Return the classes of `ast` that the constructs are made of."""
    found = set()
    for source in constructs.values():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(source)
        except SyntaxError:
            continue
        found |= {type(node).__name__ for node in ast.walk(tree)}
    return found


def golden(constructs: Mapping[str, str]) -> dict[str, dict[str, object]]:
    """Return what the golden file of this Python holds."""
    return {"nodes": dict(nodes()), "features": dict(verdicts(constructs))}
