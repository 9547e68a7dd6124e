"""The pytest plugin of the SDK: the fixture `connector_run`, and the hook by which a runtime offers its sandbox."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from levada._cassette import Cassette
from levada._connector import Connector
from levada.testing import wall
from levada.testing.harness import ConnectorBench

OPTION = "--levada-sandbox"
MARKER = "levada_in_process"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to run routes behind the wall."""
    told = "Run the routes of connectors compiled under the policy, in the runtime's sandbox, instead of in process."
    parser.getgroup("levada").addoption(OPTION, action="store_true", help=told)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the hook `pytest_levada_wall`."""
    pluginmanager.add_hookspecs(wall)


def pytest_configure(config: pytest.Config) -> None:
    """Choose where routes run."""
    config.addinivalue_line("markers", f"{MARKER}(reason): the test needs its routes in process; skipped with {OPTION}")
    wall.choose(_wanted(config))
    config.add_cleanup(wall.unchoose)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what can only be tested in process, when nothing is to run there."""
    if wall.chosen() is None:
        return
    for item in items:
        marker = item.get_closest_marker(MARKER)
        if marker is not None:
            item.add_marker(pytest.mark.skip(reason=f"in process only: {_reason(marker)}"))


@pytest.fixture
def connector_run(request: pytest.FixtureRequest) -> Callable[..., ConnectorBench]:
    """Set a connector up: `connector_run(connector, http={"/customers": [...]})`, or with `cassette="run.json"`.

    What comes back runs its routes, and keeps documents and checkpoints from one run to the next. A cassette's path is
    relative to the file of the test.
    """

    def run(connector: Connector, *, cassette: Cassette | Path | str | None = None, **words: Any) -> ConnectorBench:
        tape = request.path.parent / cassette if isinstance(cassette, str | Path) else cassette
        return ConnectorBench(connector, cassette=tape, **words)

    return run


def _wanted(config: pytest.Config) -> wall.Wall | None:
    if not config.getoption(OPTION):
        return None
    offered = wall.wall_of(config)
    if offered is None:
        raise pytest.UsageError(f"{OPTION} runs routes in the runtime's sandbox: install levada-runtime")
    return offered


def _reason(marker: pytest.Mark) -> str:
    reason = marker.kwargs.get("reason", next(iter(marker.args), ""))
    if not reason:
        raise pytest.UsageError(f"pytest.mark.{MARKER} needs a reason: what the test does that the sandbox cannot see")
    return str(reason)
