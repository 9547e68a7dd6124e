"""What to write instead of what the policy refuses: a refusal without a way out is a riddle."""

import sys
from typing import Final

_CODE: Final = "code is not made from text here; parse data with `json`"
_HTTP: Final = "take the injected `http`"
_FILES: Final = "files do not exist behind the wall; read from `http`, keep progress in `checkpoint`"
_CONCURRENT: Final = "the runtime is concurrent between runs"
_INSPECT: Final = "name what you mean; code cannot look at code here"
_LEAVE: Final = "return from the route, or raise an Exception"
_LISTED: Final = "what is there is listed in docs/reference/connectors.md"
_FRAMES: Final = "frames, code and tracebacks do not exist here; the runtime reports the traceback of what you raise"

OF_BUILTINS: Final = {
    "open": _FILES,
    "eval": _CODE,
    "exec": _CODE,
    "compile": _CODE,
    "input": "nobody is there to answer; declare a setting",
    "breakpoint": "debug with `connector_run` of levada.testing, which runs the route in your process",
    "help": "nobody is there to read it",
    "globals": "name what you mean",
    "locals": "name what you mean",
    "vars": "name the attributes you mean, or use dataclasses.asdict",
    "dir": "name the attributes you mean",
    "delattr": "use `del` on your own object",
    "memoryview": "slice the bytes",
    "id": "compare with `is`",
    "exit": _LEAVE,
    "quit": _LEAVE,
    "aiter": "write a plain function: the runtime is concurrent between runs",
    "anext": "write a plain function: the runtime is concurrent between runs",
    "SystemExit": "raise and catch Exception",
    "KeyboardInterrupt": "raise and catch Exception",
    "GeneratorExit": "use `try` and `finally`, or catch Exception",
    "BaseException": "raise and catch Exception",
    "BaseExceptionGroup": "raise and catch Exception",
}

_OF_IMPORTS: Final = {
    "requests": _HTTP,
    "httpx": _HTTP,
    "aiohttp": _HTTP,
    "urllib3": _HTTP,
    "urllib": "take the injected `http`; `urllib.parse` is there",
    "http": _HTTP,
    "socket": _HTTP,
    "ssl": _HTTP,
    "ftplib": _HTTP,
    "smtplib": _HTTP,
    "boto3": "take the injected `http` and sign requests with `hmac` and `hashlib`",
    "os": "declare a setting, and read it from the injected `settings`",
    "sys": "name what you need from the injected values",
    "platform": "name what you need from the injected values",
    "pathlib": _FILES,
    "tempfile": "keep what you are working on in memory, such as in io.BytesIO",
    "shutil": _FILES,
    "glob": _FILES,
    "sqlite3": "keep progress in `checkpoint`",
    "logging": "take the injected `log`",
    "warnings": "take the injected `log`",
    "traceback": "raise the exception: the runtime keeps its traceback",
    "threading": _CONCURRENT,
    "asyncio": _CONCURRENT,
    "concurrent": _CONCURRENT,
    "multiprocessing": _CONCURRENT,
    "queue": "use collections.deque",
    "subprocess": "processes do not exist behind the wall",
    "signal": "processes do not exist behind the wall",
    "pickle": "use `json`",
    "marshal": "use `json`",
    "shelve": "use `json`, and keep progress in `checkpoint`",
    "random": "derive values from the source, so that a second run finds the same",
    "secrets": "derive values from the source, so that a second run finds the same",
    "copy": "use dataclasses.replace, dict(...) or list(...)",
    "importlib": "import what you need by name",
    "inspect": _INSPECT,
    "ast": _INSPECT,
    "dis": _INSPECT,
    "gc": _INSPECT,
    "types": "write classes with `class`; `types.SimpleNamespace` and `types.MappingProxyType` are there",
    "builtins": "what a connector may use of them is there by name",
    "ctypes": "native code does not run behind the wall",
    "attrs": "use `dataclasses`, or derive from `levada.Record`",
    "attr": "use `dataclasses`, or derive from `levada.Record`",
    "xml.sax.saxutils": "use html.escape and html.unescape",
    "xml": "`xml.etree.ElementTree` is there",
    "defusedxml": "`xml.etree.ElementTree` is there, with entities and DTDs refused",
    "lxml": "`xml.etree.ElementTree` is there",
    "levada": "import it from `levada` or `levada.contracts`",
    "levada_runtime": "import what you need from `levada`",
    "pydantic_core": "`levada.Record` and what `pydantic` offers a connector are there",
}

_OF_IMPORTED_NAMES: Final = {
    "json.load": "use json.loads on the text",
    "json.dump": "use json.dumps, which returns the text",
    "io.open": _FILES,
    "io.TextIOWrapper": "decode the bytes and use io.StringIO",
    "operator.attrgetter": "write a lambda: `lambda row: row.name`",
    "operator.methodcaller": "write a lambda: `lambda row: row.name()`",
    "string.Formatter": "use str.format or an f-string",
    "functools.update_wrapper": "use functools.wraps on a function",
    "functools.partialmethod": "write the method out",
    "typing.runtime_checkable": "ask hasattr(value, 'name'), or derive from abc.ABC",
    "typing.get_type_hints": _INSPECT,
    "typing.TYPE_CHECKING": "import it from typing",
    "abc.ABCMeta": "derive from abc.ABC",
    "enum.EnumMeta": "derive from enum.Enum",
    "enum.EnumType": "derive from enum.Enum",
    "collections.UserString": "derive from str",
    "dataclasses.make_dataclass": "write the class out with @dataclass",
    "contextlib.asynccontextmanager": "write a plain function: the runtime is concurrent between runs",
    "datetime.datetime_CAPI": "name what you mean",
    "hashlib.file_digest": "hash the bytes: hashlib.sha256(content)",
    "urllib.request": _HTTP,
    "urllib.error": _HTTP,
    "uuid.uuid1": "use uuid5 of the source's own id, so that a second run finds the same",
    "xml.etree.ElementTree.parse": "use fromstring on the body",
    "xml.etree.ElementTree.iterparse": "use fromstring on the body",
    "pydantic.BaseModel": "derive your models from `levada.Record`",
    "pydantic.TypeAdapter": "derive a model from `levada.Record` with one field",
    "pydantic.create_model": "write the class out, derived from `levada.Record`",
    "pydantic.validate_call": "derive a model from `levada.Record` and validate the arguments with it",
    "pydantic.RootModel": "derive a model from `levada.Record` with one field",
    "pydantic.dataclasses": "use `dataclasses`, or derive from `levada.Record`",
    "zoneinfo.available_timezones": "name the zone: ZoneInfo('Europe/Berlin')",
}

_OF_ATTRIBUTES: Final = {
    "__class__": "use type(value)",
    "__dict__": "name the attributes you mean, or use dataclasses.asdict",
    "__traceback__": _FRAMES,
    "__context__": "keep what you need of the first exception when you catch it",
    "__cause__": "keep what you need of the first exception when you catch it",
    "__annotations__": "use dataclasses.fields, or write the names down",
    "__dataclass_fields__": "use dataclasses.fields",
    "__file__": "data files do not reach the sandbox; write the data into a module",
    "__wrapped__": "keep the function under a name of its own",
    "__setattr__": "in a frozen dataclass of your own write object.__setattr__(self, 'name', value)",
    "__new__": "write super().__new__(cls, ...), or str.__new__(cls, ...) for a builtin",
    "__init__": "write super().__init__(...)",
    "__module__": "write the name down",
    "mro": "name the classes you mean",
    "fget": "ask an object for what the property tells",
    "fset": "set it on an object of your own",
    "fdel": "delete it from an object of your own",
    "_is_runtime_protocol": "ask hasattr(value, 'name'), or derive from abc.ABC",
    "model_config": "set it in the class body: model_config = ConfigDict(...)",
    "model_rebuild": "define a record before the records that use it",
    "update_forward_refs": "define a record before the records that use it",
    "parse_raw": "use model_validate_json",
    "parse_file": "use model_validate_json on what `http` read",
    "from_orm": "use model_validate on a mapping",
    "from_attributes": "use model_validate on a mapping",
    "from_file": "name the zone: ZoneInfo('Europe/Berlin')",
}
_CALLED_BY: Final = {
    "__len__": "len(value)", "__iter__": "iter(value)", "__next__": "next(value)", "__getitem__": "value[key]",
    "__setitem__": "value[key] = item", "__delitem__": "del value[key]", "__contains__": "key in value",
    "__call__": "value(...)", "__repr__": "repr(value)", "__str__": "str(value)", "__hash__": "hash(value)",
    "__eq__": "a == b", "__ne__": "a != b", "__lt__": "a < b", "__le__": "a <= b", "__gt__": "a > b",
    "__ge__": "a >= b", "__add__": "a + b", "__sub__": "a - b", "__mul__": "a * b", "__or__": "a | b",
    "__and__": "a & b", "__bool__": "bool(value)", "__format__": "format(value, spec)", "__enter__": "with value:",
    "__exit__": "with value:", "__getattribute__": "getattr(value, name)", "__getattr__": "getattr(value, name)",
    "__delattr__": "del value.name", "__int__": "int(value)", "__float__": "float(value)",
}  # fmt: skip

_OF_NAMES: Final = {
    "__import__": "write an import statement",
    "__builtins__": "what a connector may use of them is there by name",
    "__file__": "data files do not reach the sandbox; write the data into a module",
    "__class__": "use type(self)",
    "__package__": "use __name__",
    "__debug__": "declare a setting",
    "__match_args__": "write it as a tuple of public names",
    "__slots__": "write it as a tuple of names without two underscores at both ends",
    "__getattr__": "define the attributes you mean, or take a dict",
    "__getattribute__": "define the attributes you mean, or take a dict",
    "__setattr__": "use a property, or a frozen dataclass",
    "__delattr__": "use a property, or a frozen dataclass",
    "__del__": "use `with` and a context manager",
    "__reduce__": "use `json`",
    "__reduce_ex__": "use `json`",
    "__getstate__": "use `json`",
    "__setstate__": "use `json`",
    "__copy__": "use dataclasses.replace, dict(...) or list(...)",
    "__deepcopy__": "use dataclasses.replace, dict(...) or list(...)",
    "__instancecheck__": "write a function that asks what you mean",
    "__subclasscheck__": "write a function that asks what you mean",
    "__subclasshook__": "write a function that asks what you mean",
    "__init_subclass__": "decorate the classes, or list them",
    "__set_name__": "use functools.cached_property, or a property",
    "__class_getitem__": "derive from typing.Generic",
    "__get__": "use functools.cached_property, or a property",
    "__set__": "use a property",
    "__delete__": "use a property",
    "__format__": "write a method that returns the text",
    "__dir__": "name the attributes you mean",
    "__prepare__": "derive from abc.ABC or enum.Enum",
    "__await__": "write a plain function: the runtime is concurrent between runs",
    "__aiter__": "write a plain function: the runtime is concurrent between runs",
    "__aenter__": "write a plain function: the runtime is concurrent between runs",
}

OF_NODES: Final = {
    "AsyncFunctionDef": "write a plain function: the runtime is concurrent between runs",
    "Await": "write a plain function: the runtime is concurrent between runs",
    "AsyncFor": "write a plain function: the runtime is concurrent between runs",
    "AsyncWith": "write a plain function: the runtime is concurrent between runs",
    "TryStar": "catch the exception itself with `except`",
    "TemplateStr": "use an f-string",
    "Interpolation": "use an f-string",
}


def of_import(name: str) -> str:
    """Return what to do instead of importing that module."""
    top = name.partition(".")[0]
    if name in _OF_IMPORTS or top in _OF_IMPORTS:
        return _OF_IMPORTS.get(name) or _OF_IMPORTS[top]
    if top in sys.stdlib_module_names:
        return _LISTED
    return f"declare a pure-Python library with Connector(..., libraries=[{top!r}])"


def of_imported_name(module: str, name: str) -> str:
    """Return what to do instead of importing that name from a module that is there."""
    if name == "*":
        return "import the names you need"
    return _OF_IMPORTED_NAMES.get(f"{module}.{name}") or OF_BUILTINS.get(name) or _LISTED


def of_attribute(name: str) -> str:
    """Return what to write instead of that attribute."""
    if name.startswith("_") and name.endswith("_") and not name.startswith("__"):
        return "choose another name"
    if name in _OF_ATTRIBUTES:
        return _OF_ATTRIBUTES[name]
    if name in _CALLED_BY:
        return f"write `{_CALLED_BY[name]}`"
    if name.startswith("__") and name.endswith("__"):
        return _OF_NAMES.get(name) or "use the operator or the builtin function that stands for it"
    if name.startswith("_"):
        return "use one leading underscore" if name.startswith("__") else "choose another name"
    return _FRAMES


def of_variable(name: str) -> str:
    """Return what to call a variable, a function or a method instead."""
    if name in _OF_NAMES:
        return _OF_NAMES[name]
    if name.startswith("__") and not name.endswith("__"):
        return "use one leading underscore"
    return "choose another name" if not name.startswith("__") else "give it a name of your own"
