"""The runtime's answer to the SDK's tests: its sandbox, for whoever has both installed.

Loaded by every pytest of such an environment, so it loads the runtime itself only once a test asks for the wall.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from levada_runtime.pytest_plugin.wall import SandboxWall

_WALL = pytest.StashKey["SandboxWall"]()


@pytest.hookimpl
def pytest_levada_wall(config: pytest.Config) -> "SandboxWall":
    """Answer with this runtime's sandbox: one a session, started when it is first needed."""
    if _WALL not in config.stash:
        from levada_runtime.pytest_plugin.wall import SandboxWall  # most sessions have no use for it

        config.stash[_WALL] = SandboxWall()
    return config.stash[_WALL]


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the session's sandbox."""
    if _WALL in config.stash:
        config.stash[_WALL].close()
