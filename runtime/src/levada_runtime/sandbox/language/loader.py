"""The importer of connector code: façades by name, its own modules under the policy, its libraries as they are."""

import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

from levada_runtime.sandbox.language.compile import compile_module
from levada_runtime.sandbox.language.facade import Facade, names_of
from levada_runtime.sandbox.language.guards import Guards
from levada_runtime.sandbox.language.host import remember_connector
from levada_runtime.sandbox.language.libraries import LibraryFinder, declared_in
from levada_runtime.sandbox.language.modules import ALLOWED
from levada_runtime.sandbox.language.names import variable_problem
from levada_runtime.sandbox.language.ways_out import of_import


class ConnectorLoader:
    """Loads the modules of one package; `files` are paths relative to the package's parent."""

    def __init__(
        self,
        package: str,
        files: Mapping[str, bytes],
        facades: Mapping[str, Facade],
        libraries: Mapping[str, bytes],
        write_line: Callable[..., None],
    ) -> None:
        if (
            package in sys.modules
            or package in facades
            or package in sys.stdlib_module_names
            or not package.isidentifier()
        ):
            raise ImportError(f"a connector's package cannot be called {package!r}: that name is taken")
        self._package = package
        remember_connector(package)
        self._files = {
            path: source for path, source in files.items() if path.partition("/")[0].removesuffix(".py") == package
        }
        self._facades = facades
        self._libraries = declared_in(libraries)
        self._guards = Guards(package)
        self._builtins = self._guards.builtins(self.load_import, write_line)
        self._modules: dict[str, types.ModuleType] = {}
        if libraries:
            sys.meta_path.insert(0, LibraryFinder(libraries))

    @property
    def files(self) -> Mapping[str, bytes]:
        return self._files

    def allows(self, module: str) -> bool:
        return module in self._facades or self._is_own(module) or module.partition(".")[0] in self._libraries

    def name_problem(self, module: str, name: str) -> str | None:
        facade = self._facades.get(module)
        # What a newer Python has may be tried for: `except ImportError` is how one writes for several.
        if facade is None or name in names_of(facade) or name in ALLOWED.get(module, "").split():
            return None
        return f"{module}.{name} cannot be imported by a connector"

    def load_import(
        self,
        name: str,
        globals_: Mapping[str, Any] | None = None,
        _locals: object = None,
        fromlist: tuple[str, ...] | list[str] | None = (),
        level: int = 0,
    ) -> Any:
        """Serve an `import` statement of connector code."""
        if isinstance(fromlist, list) and name in sys.modules:
            # The interpreter's own C code (`strptime` for one) imports through the builtins of the frame that called
            # it. Only it passes a list, and it takes the module from sys.modules itself: there is nothing to hand
            # out.
            return None
        if level:
            name = self._absolute(name, globals_ or {}, level)
        top = name.partition(".")[0]
        if self._is_own(name):
            module = self.load(name)
            for wanted in fromlist or ():
                self._load_submodule(name, module, wanted)
            return module if fromlist else self.load(top)
        if name in self._facades:
            return self._facades[name if fromlist else top]
        if top in self._libraries:
            return __import__(name, {}, {}, fromlist or (), 0)
        raise ImportError(f"{name} cannot be imported by a connector; {of_import(name)}")

    def load(self, name: str) -> types.ModuleType:
        """Return one of the package's own modules, compiled and run on first use, its parents first."""
        if name in self._modules:
            return self._modules[name]
        parent, _, last = name.rpartition(".")
        if parent:
            self.load(parent)
            if name in self._modules:
                return self._modules[name]
        if variable_problem(last):
            # It would become a name of its parent's, and there take the place of a guard or of the builtins.
            raise ImportError(f"a connector's module cannot be called {name}; choose another name")
        path, is_package = self._find(name)
        code = compile_module(path, self._files[path], self)
        module = types.ModuleType(name)
        vars(module).clear()
        vars(module).update(
            __builtins__=self._builtins,
            __name__=name,
            __doc__=None,
            __package__=name if is_package else parent,
            **self._guards.names(),
        )
        # Dataclasses and pydantic look annotations up where a class says it was defined.
        self._modules[name] = sys.modules[name] = module
        exec(code, vars(module))  # noqa: S102 - compiled under the policy, behind the wall: this is what the runtime is for.
        if parent:
            vars(self._modules[parent])[last] = module
        return module

    def _load_submodule(self, name: str, module: types.ModuleType, wanted: str) -> None:
        if wanted not in vars(module) and self._exists(f"{name}.{wanted}"):
            self.load(f"{name}.{wanted}")

    def _absolute(self, name: str, globals_: Mapping[str, Any], level: int) -> str:
        parts = str(globals_.get("__package__", "")).split(".")
        if level > len(parts):
            raise ImportError("a relative import leads out of the connector's package")
        return ".".join([*parts[: len(parts) - level + 1], *([name] if name else [])])

    def _is_own(self, name: str) -> bool:
        return name == self._package or name.startswith(f"{self._package}.")

    def _exists(self, name: str) -> bool:
        path = name.replace(".", "/")
        return f"{path}.py" in self._files or f"{path}/__init__.py" in self._files

    def _find(self, name: str) -> tuple[str, bool]:
        path = name.replace(".", "/")
        if f"{path}/__init__.py" in self._files:
            return f"{path}/__init__.py", True
        if f"{path}.py" in self._files:
            return f"{path}.py", False
        raise ModuleNotFoundError(f"the connector has no module {name}")
