"""What the tests ask of the sandbox, in the SDK's own words, without knowing the runtime that has one."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import pytest

from levada._graph import GraphPort
from levada._http import HttpRequest, Response
from levada._ingest import IngestPort
from levada._request import Reply, Request, Window
from levada._run import Run
from levada._verify import VerifyScheme

MISSING = "nobody answers pytest_levada_wall: install levada-runtime"
"""Why there is no wall with the SDK alone; the sentence goes on with what it would be for."""


@dataclass(frozen=True, slots=True)
class RouteCall:
    """One route to run behind the wall, with everything it is given: where it is found, and values that are JSON.

    `secrets` holds the exposed ones, `checkpoint` the saved values by partition.
    """

    package: str
    attribute: str
    mode: str
    stream: str
    run: Run
    now: datetime
    settings: Mapping[str, Any]
    secrets: Mapping[str, str]
    checkpoint: Mapping[str, Mapping[str, Any]]
    request: Request | None = None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class RouteEnd:
    """How a route ended behind the wall: `reason` is None when it returned, perhaps with a reply.

    Otherwise `code` is that of an SDK error, or `connector_error` for any other exception, whose name then begins the
    message; `traceback` shows the connector's own frames.
    """

    reason: str | None = None
    code: str | None = None
    message: str = ""
    traceback: str | None = None
    wait: float | None = None
    reply: Reply | None = None


class Ports(IngestPort, GraphPort, Protocol):
    """What a running route asks of the test.

    A LevadaError that one of these raises is raised in the route; whatever else ends the run and goes on to the caller
    of `Wall.run`.
    """

    def save(self, partition: str, values: Mapping[str, Any]) -> None:
        """End a page with the whole new mapping of one partition of the checkpoint."""
        ...

    def send(self, request: HttpRequest) -> Response:
        """Answer for the source."""
        ...

    def log(self, level: str, message: str, fields: Mapping[str, Any]) -> None:
        """Keep a line of the run's log."""
        ...


class Wall(Protocol):
    """The sandbox, as far as tests need it."""

    @property
    def modes(self) -> frozenset[str]:
        """The modes of routes that can be run behind it."""
        ...

    def refusals(self, package: str) -> Sequence[str]:
        """Compile a connector's package under the policy; return what it refuses, with file, line and the way out."""
        ...

    def obstacle(self) -> str | None:
        """Say why this machine cannot offer the wall, if it cannot."""
        ...

    def run(self, call: RouteCall, ports: Ports) -> RouteEnd:
        """Compile the connector under the policy behind the wall, and run one of its routes there."""
        ...

    def refused(self, scheme: VerifyScheme, values: Mapping[str, str], request: Request, now: datetime) -> str | None:
        """Say why a delivery would be refused at the door, whose secrets and settings are these; None: it is taken."""
        ...


@pytest.hookspec(firstresult=True)
def pytest_levada_wall(config: pytest.Config) -> "Wall | None":
    """Return the wall that connectors are checked against and run behind.

    Called when a check needs the sandbox, and at the start with `--levada-sandbox`; always the same one in a session.
    The runtime's own pytest plugin answers; with the SDK alone nobody does.
    """


def wall_of(config: pytest.Config) -> "Wall | None":
    """Ask the plugins of this session for a wall."""
    answer: Any = config.hook.pytest_levada_wall(config=config)
    wall: Wall | None = answer
    return wall


def require_wall(config: pytest.Config, purpose: str) -> Wall:
    """Return the wall, or skip saying what it would be for."""
    wall = wall_of(config)
    if wall is None:
        pytest.skip(f"{MISSING} {purpose}")
    return wall


def enter(wall: Wall) -> None:
    """Skip with the reason where the machine cannot offer the wall; fail where CI is set, as nobody reads its skips."""
    obstacle = wall.obstacle()
    if obstacle is None:
        return
    told = f"the wall cannot be had here: {obstacle}"
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(told, pytrace=False)
    pytest.skip(told)


_chosen: list[Wall | None] = []
"""Behind what the routes of each session are run, the innermost last; a session may run another one inside."""


def choose(wall: Wall | None) -> None:
    """Run the routes of the session that begins behind this wall, or in process."""
    _chosen.append(wall)


def unchoose() -> None:
    """Go back to what the session outside of this one chose."""
    _chosen.pop()


def chosen() -> Wall | None:
    """Return what the routes of this session are run behind; None is in process."""
    return _chosen[-1] if _chosen else None
