"""What the tests ask of the sandbox, without knowing the runtime that has one."""

from collections.abc import Sequence
from typing import Any, Protocol

import pytest


class Wall(Protocol):
    """The sandbox, as far as tests need it."""

    def refusals(self, package: str) -> Sequence[str]:
        """Compile a connector's package under the policy; return what it refuses, with file, line and the way out."""
        ...


@pytest.hookspec(firstresult=True)
def pytest_levada_wall(config: pytest.Config) -> "Wall | None":
    """Return the wall that connectors are checked against.

    Called when a check needs the sandbox. The runtime's own pytest plugin answers; with the SDK alone nobody does, and
    the check is skipped with that reason.
    """


def wall_of(config: pytest.Config) -> "Wall | None":
    """Ask the plugins of this session for a wall."""
    answer: Any = config.hook.pytest_levada_wall(config=config)
    wall: Wall | None = answer
    return wall
