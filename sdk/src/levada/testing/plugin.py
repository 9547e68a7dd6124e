"""The pytest plugin of the SDK: the fixture `connector_run`, and the hook by which a runtime offers its sandbox."""

from collections.abc import Callable

import pytest

from levada.testing import wall
from levada.testing.harness import ConnectorBench


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the hook `pytest_levada_wall`."""
    pluginmanager.add_hookspecs(wall)


@pytest.fixture
def connector_run() -> Callable[..., ConnectorBench]:
    """Set a connector up in process: `connector_run(connector, http={"/customers": [...]})`.

    What comes back runs its routes, and keeps documents and checkpoints from one run to the next.
    """
    return ConnectorBench
