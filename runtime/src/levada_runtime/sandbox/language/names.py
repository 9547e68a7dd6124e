"""Which names connector code may not write, read or define."""

import builtins
from typing import Final

from RestrictedPython.transformer import INSPECT_ATTRIBUTES

from levada_runtime.sandbox.language import ways_out

GUARDS: Final = frozenset({
    "_getattr_", "_write_", "_private_", "_freeze_", "_super_", "_new_", "_made_", "_type_", "_known_", "_mine_",
    "_getitem_", "_getiter_", "_apply_", "_print_", "_inplacevar_", "_unpack_sequence_", "_iter_unpack_sequence_",
})  # fmt: skip

_BINARY: Final = (
    "add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow", "lshift", "rshift", "and", "xor",
    "or",
)  # fmt: skip
DUNDER_METHODS: Final = frozenset({
    "__new__", "__init__", "__post_init__", "__repr__", "__str__", "__bytes__", "__bool__", "__hash__", "__len__",
    "__length_hint__", "__iter__", "__next__", "__reversed__", "__contains__", "__getitem__", "__setitem__",
    "__delitem__", "__missing__", "__call__", "__enter__", "__exit__", "__eq__", "__ne__", "__lt__", "__le__",
    "__gt__", "__ge__", "__neg__", "__pos__", "__abs__", "__invert__", "__int__", "__float__", "__complex__",
    "__index__", "__round__", "__trunc__", "__floor__", "__ceil__",
    *(f"__{prefix}{name}__" for name in _BINARY for prefix in ("", "r", "i") if f"{prefix}{name}" != "idivmod"),
})  # fmt: skip
SUPER_METHODS: Final = DUNDER_METHODS
SUNDER_METHODS: Final = frozenset({"_missing_", "_generate_next_value_", "_ignore_", "_order_"})
"""What the classes of `enum` are told by."""
DUNDER_CONSTANTS: Final = frozenset({
    "__version__", "__author__", "__all__", "__license__", "__copyright__", "__title__", "__email__", "__status__",
    "__credits__", "__maintainer__", "__date__", "__description__", "__url__", "__version_info__",
})  # fmt: skip
CLASS_CONSTANTS: Final = frozenset({"__slots__", "__hash__", "__match_args__"})
READABLE_DUNDERS: Final = frozenset({"__name__", "__doc__"}) | DUNDER_CONSTANTS
READABLE_ATTRIBUTES: Final = frozenset({"__name__", "__qualname__", "__doc__", "__version__", "__members__"})
BUILTIN_KINDS: Final = frozenset({
    "str", "int", "float", "bytes", "tuple", "frozenset", "complex", "dict", "list", "set",
})  # fmt: skip
"""The classes whose `__new__` may be named: what a subclass of a value calls."""
HOOKS: Final = frozenset({"_is_protocol", "_is_runtime_protocol", "_abc_impl", "_new_member_"})
"""What the classes of `typing`, `abc` and `enum` keep of themselves: with some of them any object seems an instance."""
NAMEDTUPLE_METHODS: Final = frozenset({"_replace", "_asdict", "_make", "_fields"})

# Frames, code and tracebacks; ways of pydantic to read files, unpickle, read attributes by name or evaluate; the
# configuration of a model, which its subclasses inherit and anybody could write to; the functions of a property, which
# take any object and write to it.
FORBIDDEN_ATTRIBUTES: Final = INSPECT_ATTRIBUTES | {
    "mro", "parse_file", "parse_raw", "from_file", "from_orm", "from_attributes", "model_rebuild", "model_config",
    "update_forward_refs", "merge_field_infos", "from_annotated_attribute", "from_annotation", "apply_typevars_map",
    "rebuild_annotation", "tb_lasti", "tb_lineno", "f_lasti", "f_lineno", "f_trace_lines",
    "f_trace_opcodes", "gi_running", "gi_suspended", "cr_running", "cr_suspended", "ag_running", "func_globals",
    "func_code", "fget", "fset", "fdel",
}  # fmt: skip
# Looked up through the run-time guard although their names are literals.
GUARDED_ATTRIBUTES: Final = frozenset({
    "format", "format_map", "obj", "register", "model_fields", "model_computed_fields", "groupindex",
})  # fmt: skip

ANNOTATION_ONLY: Final = frozenset({"BaseException"})
"""Builtins that a connector may name in annotations and nowhere else: `__exit__` is written with them."""
RESERVED: Final = frozenset({"super", "print", "getattr", "setattr"})


def forbidden_builtin(name: str) -> str | None:
    """Return the way out when the name is a builtin connectors do not have."""
    return ways_out.OF_BUILTINS.get(name) if hasattr(builtins, name) else None


def attribute_problem(name: str) -> str | None:
    """Return why an attribute of that name is refused when it is written down, None when it is not."""
    if name.startswith("__"):
        return f'"{name}" is an invalid attribute name: names with two leading underscores belong to Python'
    if name in GUARDS:
        return f'"{name}" is an invalid attribute name: it belongs to the sandbox'
    if name in HOOKS:
        return f'"{name}" is an invalid attribute name: it belongs to Python'
    if name in FORBIDDEN_ATTRIBUTES:
        return f'"{name}" is an invalid attribute name: it leads out of the connector'
    return None


def field_problem(name: object) -> str | None:
    """Return why a field may not have that name: it becomes code, and an attribute that patterns read by position."""
    if type(name) is not str or not name.isidentifier():
        return f"{name!r} is no name for a field"
    return attribute_problem(name)


def slot_problem(name: object) -> str | None:
    """Return why `__slots__` may not have that name: a slot takes the place of what Python looks up under it."""
    if name in ("__dict__", "__weakref__") or (isinstance(name, str) and not _is_dunder(name)):
        return None
    return f"{name!r} is no name for a slot"


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def variable_problem(name: str) -> str | None:
    """Return why a variable, argument or function may not have that name, None when it may."""
    if name in GUARDS or (name.startswith("_") and name.endswith("_") and name.strip("_")):
        return f'"{name}" is an invalid name: it belongs to Python or to the sandbox'
    if name.startswith("__") and name.strip("_"):
        return f'"{name}" is an invalid name: names with two leading underscores belong to Python'
    if name in HOOKS:
        return f'"{name}" is an invalid name: it belongs to Python'
    if name in RESERVED:
        return f'"{name}" is a reserved name'
    return None
