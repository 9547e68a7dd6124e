"""Walk from everything a connector can name, by the rules of the policy and its guards, and print what was reached.

Run as `python -I audit.py`: a fresh interpreter is brought into the zygote's state (`preload.load_everything`), the
specimen connector is loaded under the policy in it, and its route is run on the real objects a route is given. Then
every public attribute of everything found is followed, and so are the items of containers, the classes of objects and
what classes and functions return when they are called without arguments.

With `--raw` it starts from the modules themselves instead of their façades: the control, which must reach a great deal.
"""

import builtins
import collections
import contextlib
import ctypes
import gc
import importlib
import inspect
import io
import json
import marshal
import operator
import os
import pickle
import signal
import socket
import string
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from levada_runtime.sandbox import bench, preload
from levada_runtime.sandbox.channel import ChildChannel
from levada_runtime.sandbox.language.facade import Facade, names_of
from levada_runtime.sandbox.language.guards import Guards
from levada_runtime.sandbox.language.loader import ConnectorLoader
from levada_runtime.sandbox.language.names import GUARDED_ATTRIBUTES, READABLE_ATTRIBUTES, attribute_problem
from levada_runtime.sandbox.ports import Lines
from levada_runtime.sandbox.protocol import EmitAnswer, RecordAnswer, results
from levada_runtime.sandbox.results import batch_result

HERE = Path(__file__).parent
DEPTH = 7
ALIKE = 4
ITEMS = 50
RAW = {
    id(value): title
    for title, value in {
        **{name: getattr(builtins, name) for name in (
            "open", "eval", "exec", "compile", "__import__", "globals", "locals", "vars", "dir", "breakpoint", "input",
            "getattr", "setattr", "delattr", "memoryview", "type", "__build_class__", "exit", "quit", "help",
        ) if hasattr(builtins, name)},
        **{f"io.{name}": getattr(io, name) for name in (
            "FileIO", "TextIOWrapper", "BufferedReader", "BufferedWriter", "BufferedRandom", "open_code",
        )},
        **{f"os.{name}": getattr(os, name) for name in ("open", "system", "read", "write", "fork", "environ")},
        "importlib.import_module": importlib.import_module,
        "operator.attrgetter": operator.attrgetter,
        "operator.methodcaller": operator.methodcaller,
        "string.Formatter": string.Formatter,
        "pickle.loads": pickle.loads,
        "marshal.loads": marshal.loads,
        "socket.socket": socket.socket,
        "subprocess.Popen": subprocess.Popen,
        "ctypes.CDLL": ctypes.CDLL,
        "sys._getframe": sys._getframe,
        "gc.get_objects": gc.get_objects,
        "inspect.currentframe": inspect.currentframe,
        "types.CodeType": types.CodeType,
    }.items()
}  # fmt: skip
FORBIDDEN_KINDS = (types.FrameType, types.CodeType, ChildChannel, socket.socket, Guards, ConnectorLoader)
PRIMITIVES = frozenset({
    "open", "open_code", "_io", "io", "load_file", "pickle", "marshal", "eval", "exec", "_eval_type", "import_module",
    "__import__", "compile", "read_bytes", "read_text", "system", "popen", "Popen", "subprocess", "socket", "sys",
    "_getframe", "_getframemodulename", "os", "__globals__", "__code__", "f_globals", "f_locals", "f_back",
    "__subclasses__", "__mro__", "__builtins__", "ctypes", "importlib", "getattr", "setattr", "delattr",
    "attrgetter", "__setattr__", "__dict__", "vars", "globals", "locals", "tb_frame", "__traceback__",
    "_fetch_parent_frame", "parent_frame_namespace", "__reduce_ex__", "deepcopy",
})  # fmt: skip


class Audit:
    """A breadth-first walk; `hits` are what must not be reached, `functions` what names a primitive."""

    def __init__(self, package: str, guards: Guards) -> None:
        self._guards = guards
        self._package = package
        self._seen: dict[int, Any] = {}
        self._expanded: collections.Counter[Any] = collections.Counter()
        self._waiting: collections.deque[tuple[str, Any, int]] = collections.deque()
        self._host_containers = _containers_of_the_host(package)
        self.hits: dict[str, str] = {}
        self.mutable: dict[str, str] = {}
        self.functions: dict[str, list[str]] = {}

    @property
    def visited(self) -> int:
        return len(self._seen)

    def start(self, path: str, value: Any) -> None:
        self._waiting.append((path, value, 0))

    def walk(self) -> None:
        while self._waiting:
            path, value, depth = self._waiting.popleft()
            if id(value) in self._seen:
                continue
            self._seen[id(value)] = value
            if self._is_hit(path, value):
                continue
            self._note_function(value)
            if depth < DEPTH and self._is_worth_it(value):
                for step, following in self._steps(value):
                    self._waiting.append((f"{path}{step}", following, depth + 1))

    def _is_worth_it(self, value: Any) -> bool:
        """Whether to follow this one, too: a few objects of a class stand for all of them, and so do their methods."""
        if isinstance(value, type | types.FunctionType | Facade):
            return True
        owner = getattr(value, "__self__", None)
        shape = (type(owner), getattr(value, "__name__", "")) if callable(value) and owner is not None else type(value)
        self._expanded[shape] += 1
        return self._expanded[shape] <= ALIKE

    def _is_hit(self, path: str, value: Any) -> bool:
        if id(value) in RAW:
            self.hits[path] = RAW[id(value)]
        elif isinstance(value, FORBIDDEN_KINDS):
            self.hits[path] = type(value).__name__
        elif isinstance(value, types.ModuleType) and not value.__name__.startswith(self._package):
            self.hits[path] = f"module {value.__name__}"
        elif isinstance(value, type) and issubclass(value, type):
            # The class of the stand-in for `type` makes nothing: it is the stand-in that is called.
            if value.__module__ != "levada_runtime.sandbox.language.kinds":
                self.hits[path] = f"metaclass {value.__name__}"
        elif isinstance(value, type) and _is_runtime_protocol(value):
            self.hits[path] = "a protocol that isinstance asks about attributes"
        elif id(value) in self._host_containers:
            self.mutable[self._host_containers[id(value)]] = path
            return False
        else:
            return False
        return True

    def _steps(self, value: Any) -> Iterator[tuple[str, Any]]:
        for name in _names(value):
            with contextlib.suppress(Exception):
                yield f".{name}", self._read(value, name)
        kind = type(value)
        yield "<type>", kind if not issubclass(kind, type) else _STAND_IN
        if isinstance(value, types.MappingProxyType):
            yield "<proxied>", _proxied(value)
        if isinstance(value, dict | types.MappingProxyType):
            for key, item in list(value.items())[:ITEMS]:
                yield f"[{key!r:.20}]", item
        elif isinstance(value, list | tuple | set | frozenset | collections.deque):
            for index, item in enumerate(list(value)[:ITEMS]):
                yield f"[{index}]", item
        elif isinstance(value, types.FunctionType | types.MethodType | type) and self._may_be_called(value):
            with contextlib.suppress(BaseException):
                yield "()", _called(value)

    def _read(self, value: Any, name: str) -> Any:
        problem = attribute_problem(name)
        if name in READABLE_ATTRIBUTES or name.startswith("_") or name in GUARDED_ATTRIBUTES:
            return self._guards.getattr(value, name)
        if problem is not None:
            raise AttributeError(problem)
        return getattr(value, name)

    def _may_be_called(self, value: Any) -> bool:
        return getattr(value, "__name__", "") not in {"main", "model_rebuild"}

    def _note_function(self, value: Any) -> None:
        function = inspect.unwrap(getattr(value, "__func__", value)) if callable(value) else value
        function = function.fget if isinstance(function, property) else getattr(function, "func", function)
        if not isinstance(function, types.FunctionType) or function.__module__.startswith(self._package):
            return
        named = {name for code in _codes(function.__code__) for name in code.co_names} & PRIMITIVES
        if named:
            self.functions[f"{function.__module__}.{function.__qualname__}"] = sorted(named)


_STAND_IN = Guards("x").builtins(lambda: None, print)["type"]


class _Asked:
    """Compared with a proxy, it is handed what the proxy stands before."""

    def __eq__(self, other: object) -> bool:
        self.found = other
        return True

    __hash__ = None  # type: ignore[assignment]  # Nothing is to find it.


def _proxied(proxy: types.MappingProxyType[Any, Any]) -> Any:
    asked = _Asked()
    return asked.found if proxy == asked else None


def _names(value: Any) -> list[str]:
    names = set(object.__dir__(value)) if not isinstance(value, Facade) else set(names_of(value))
    with contextlib.suppress(Exception):
        names |= set(dir(value))
    if isinstance(value, type):
        # What a metaclass defines is read through the class, and `dir` does not list it.
        names |= set(type.__dir__(value)) | {name for each in type(value).__mro__ for name in vars(each)}
    return sorted(name for name in names if type(name) is str)


def _is_runtime_protocol(kind: type) -> bool:
    return bool(getattr(kind, "_is_protocol", False) and getattr(kind, "_is_runtime_protocol", False))


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _called(value: Any) -> Any:
    def too_long(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        return value()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _containers_of_the_host(package: str) -> dict[int, str]:
    """Return the mutable containers that modules and classes of the host keep, by identity."""
    mutable = (list, dict, set, bytearray, collections.deque)
    found: dict[int, str] = {}
    for title, module in list(sys.modules.items()):
        if title.startswith(package) or not isinstance(module, types.ModuleType):
            continue
        for name, kept in list(vars(module).items()):
            value = _proxied(kept) if isinstance(kept, types.MappingProxyType) else kept
            if isinstance(value, mutable):
                found[id(value)] = f"{title}.{name}"
            if isinstance(value, type) and not issubclass(value, type) and value.__module__ == title:
                for attribute, held in list(vars(value).items()):
                    if isinstance(held, mutable):
                        found[id(held)] = f"{title}.{value.__qualname__}.{attribute}"
    return found


def main() -> None:
    preload.load_everything()
    files = {f"specimen/{name}.py": (HERE / f"{path}.py").read_bytes() for name, path in
             (("__init__", "specimen"), ("other", "other"))}  # fmt: skip
    ours, theirs = socket.socketpair()
    os.set_blocking(ours.fileno(), True)
    channel = ChildChannel(ours.fileno())
    lines = Lines(channel)
    loader = ConnectorLoader("specimen", files, preload.FACADES, {}, lines.printed)
    module = loader.load("specimen")
    bench.run(module.connector, _asked(), channel, lines)
    theirs.close()
    guards = Guards("specimen")
    audit = Audit("specimen", guards)
    for title, facade in preload.FACADES.items():
        for name, value in (vars(sys.modules[title]) if "--raw" in sys.argv else names_of(facade)).items():
            if not name.startswith("_"):
                audit.start(f"{title}.{name}", value)
    for name, value in guards.builtins(loader.load_import, lines.printed).items():
        if not name.startswith("__"):
            audit.start(name, value)
    for name, value in vars(module).items():
        if not name.startswith("__") and not name.endswith("_"):
            audit.start(f"specimen.{name}", value)
    for title, value in _answers().items():
        audit.start(title, value)
    with contextlib.redirect_stdout(io.StringIO()):
        audit.walk()
    told = {"visited": audit.visited, "hits": audit.hits, "mutable": audit.mutable, "functions": audit.functions}
    sys.stdout.write(json.dumps(told, indent=1, sort_keys=True))


def _asked() -> SimpleNamespace:
    run = SimpleNamespace(
        id="run_1", mode="webhook", observing=False, attempt=1, scheduled_for=None, connection="specimen"
    )
    request = SimpleNamespace(body=b'{"a": 1}', headers={"A": "b"}, params={}, delivery_id=None)
    return SimpleNamespace(
        action="webhook", stream="crime", settings=b'{"a": [1]}', secrets={"key": "s3cr3t"}, checkpoint=b"{}", run=run,
        now="2026-03-01T12:00:00+00:00", request=request,
    )  # fmt: skip


def _answers() -> dict[str, Any]:
    record = RecordAnswer(0, "created", "doc_1", "ver_1", bytes(32), "k", "s")
    return {"a batch's result": batch_result(results(EmitAnswer("ingested", {"org_id": "o"}, [record])), "customer")}


main()
