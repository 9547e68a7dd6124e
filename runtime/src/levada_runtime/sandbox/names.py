"""Which names connector code may not write, read or define, and what to do instead."""

import builtins
from typing import Final

from RestrictedPython.transformer import INSPECT_ATTRIBUTES

GUARDS: Final = frozenset({"_getattr_", "_write_"})

DUNDER_METHODS: Final = frozenset({
    "__init__", "__post_init__", "__repr__", "__str__", "__len__", "__bool__", "__iter__", "__next__",
    "__contains__", "__getitem__", "__setitem__", "__delitem__", "__call__", "__enter__", "__exit__", "__eq__",
    "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__", "__add__", "__sub__", "__mul__", "__or__",
    "__and__", "__neg__", "__abs__",
})  # fmt: skip
SUPER_METHODS: Final = DUNDER_METHODS
DUNDER_CONSTANTS: Final = frozenset({"__version__", "__author__", "__all__"})
READABLE_DUNDERS: Final = frozenset({"__name__", "__doc__", "__version__", "__author__", "__all__"})
READABLE_ATTRIBUTES: Final = frozenset({"__name__", "__qualname__", "__doc__", "__version__"})

# Frames, code and tracebacks; ways of pydantic to read files, unpickle, read attributes by name or evaluate; virtual
# subclasses, which would make `case Own(x)` read any attribute of a foreign object.
FORBIDDEN_ATTRIBUTES: Final = INSPECT_ATTRIBUTES | {
    "mro", "parse_file", "parse_raw", "from_file", "from_orm", "from_attributes", "model_rebuild",
    "update_forward_refs", "register", "tb_lasti", "tb_lineno", "f_lasti", "f_lineno", "f_trace_lines",
    "f_trace_opcodes", "gi_running", "gi_suspended", "cr_running", "cr_suspended", "ag_running", "func_globals",
    "func_code",
}  # fmt: skip
# Looked up through the run-time guard although their names are literals.
GUARDED_ATTRIBUTES: Final = frozenset({"format", "format_map", "obj"})

FORBIDDEN_BUILTINS: Final = {
    "open": "files do not exist behind the wall; read from `http`, keep progress in `checkpoint`",
    "eval": "code is not made from text here; parse data with `json`",
    "exec": "code is not made from text here; parse data with `json`",
    "compile": "code is not made from text here; parse data with `json`",
    "input": "nobody is there to answer; declare a setting",
    "breakpoint": "debug with `connector_run` of levada.testing, which runs the route in your process",
    "globals": "name what you mean",
    "locals": "name what you mean",
    "vars": "name the attributes you mean, or use dataclasses.asdict",
    "dir": "name the attributes you mean",
    "delattr": "use `del` on your own object",
    "memoryview": "slice the bytes",
    "id": "compare with `is`",
    "exit": "return from the route",
    "quit": "return from the route",
}

WAYS_OUT: Final = {
    "requests": "take the injected `http`",
    "httpx": "take the injected `http`",
    "aiohttp": "take the injected `http`",
    "urllib": "take the injected `http`; `urllib.parse` is there",
    "http": "take the injected `http`",
    "socket": "take the injected `http`",
    "os": "declare a setting, and read it from the injected `settings`",
    "sys": "name what you need from the injected values",
    "pathlib": "files do not exist behind the wall; keep progress in `checkpoint`",
    "logging": "take the injected `log`",
    "pydantic": "derive your models from `levada.Record`",
    "threading": "the runtime is concurrent between runs",
    "asyncio": "the runtime is concurrent between runs",
    "subprocess": "processes do not exist behind the wall",
    "pickle": "use `json`",
    "marshal": "use `json`",
    "random": "derive values from the source, so that a second run finds the same",
    "copy": "use dataclasses.replace, dict(...) or list(...)",
    "xml": "`xml.etree.ElementTree` is there",
}


def way_out_of_import(name: str) -> str:
    """Return what to do instead of importing that module."""
    top = name.partition(".")[0]
    return WAYS_OUT.get(top, f"declare a pure-Python library with Connector(..., libraries=[{top!r}])")


def forbidden_builtin(name: str) -> str | None:
    """Return the way out when the name is a builtin connectors do not have."""
    if name in FORBIDDEN_BUILTINS:
        return FORBIDDEN_BUILTINS[name]
    if name in {"SystemExit", "KeyboardInterrupt", "GeneratorExit", "BaseException"} and hasattr(builtins, name):
        return "raise and catch Exception"
    return None


def attribute_problem(name: str) -> str | None:
    """Return why an attribute of that name is refused when it is written down, None when it is not."""
    if name.startswith("__"):
        return f'"{name}" is an invalid attribute name: names with two leading underscores belong to Python'
    if name in GUARDS:
        return f'"{name}" is an invalid attribute name: it belongs to the sandbox'
    if name in FORBIDDEN_ATTRIBUTES:
        return f'"{name}" is an invalid attribute name: it leads out of the connector'
    return None


def variable_problem(name: str) -> str | None:
    """Return why a variable, argument or function may not have that name, None when it may."""
    if name in GUARDS or (name.startswith("_") and name.endswith("_") and name != "_"):
        return f'"{name}" is an invalid name: it belongs to Python or to the sandbox'
    if name.startswith("__"):
        return f'"{name}" is an invalid name: use one leading underscore'
    if name in {"super", "print", "getattr", "setattr"}:
        return f'"{name}" is a reserved name'
    return None
