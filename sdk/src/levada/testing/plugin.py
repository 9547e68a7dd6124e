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
EXAMPLES = "--levada-examples"
REPORT = "levada_law"
"""The property of a report that says which law was tried; `levada.testing.laws` needs Hypothesis, this does not."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to run routes behind the wall."""
    told = "Run the routes of connectors compiled under the policy, in the runtime's sandbox, instead of in process."
    group = parser.getgroup("levada")
    group.addoption(OPTION, action="store_true", help=told)
    group.addoption(EXAMPLES, type=int, default=25, metavar="N", help="How many examples each law is tried on (25).")


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say of each law how often it was tried, on what, and from which seed."""
    reports = [report for some in terminalreporter.stats.values() for report in some]
    lines = sorted(
        value
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == REPORT and report.when == "call"
    )
    if lines:
        terminalreporter.section("laws")
        for line in lines:
            terminalreporter.write_line(line)


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
