"""The sandboxes that attacks are tried in: one per level, and one without any layer for the controls."""

import contextlib
from typing import Final, Self

from tests.sandbox.harness.scene import plant_secret

from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.kernel.lockdown import LAYERS

OFF: Final = "L0"
LEVELS: Final = ("L3", "L2", "L1")
WITHOUT: Final = {
    "L3": frozenset[str](),
    "L2": frozenset({"namespaces"}),
    "L1": frozenset({"namespaces", "landlock"}),
    OFF: frozenset(LAYERS),
}
TITLES: Final = {
    "L3": "everything",
    "L2": "without namespaces",
    "L1": "without namespaces and Landlock",
    OFF: "every layer off",
}


class Unreachable(Exception):  # noqa: N818 - it is what it says.
    """This machine does not offer the level."""


class Walls:
    """A sandbox per level, started when it is first asked for. A context manager."""

    def __init__(self) -> None:
        self._started: dict[str, Sandbox] = {}
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_reason: object) -> None:
        self._open.close()

    def without(self, level: str) -> Sandbox:
        """Return the sandbox that leaves out what that level does without, whatever its children reach."""
        if level not in self._started:
            plant_secret()
            weak = level in ("L1", OFF)
            self._started[level] = self._open.enter_context(Sandbox(without=WITHOUT[level], allow_weak=weak))
        return self._started[level]

    def at(self, level: str) -> Sandbox:
        """Return the sandbox of that level; raise Unreachable when its children reach another.

        A sandbox that cannot be started at all is a failure of its own, and goes through.
        """
        try:
            sandbox = self.without(level)
        except EnvironmentFailure as error:
            if error.code != "sandbox_too_weak":
                raise
            raise Unreachable(str(error)) from error
        if sandbox.level.value != level:
            raise Unreachable(f"children reach {sandbox.level.value} here")
        return sandbox

    def zygotes(self) -> set[int]:
        return {pid for sandbox in self._started.values() if (pid := sandbox.zygote_pid) is not None}
