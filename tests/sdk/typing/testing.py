"""The testing API as an author uses it, and the wall as a runtime offers it: never run, only type-checked."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, assert_type

from levada import BatchResult, Connector, Reply, Request, hmac_sha256
from levada.testing import (
    Cassette,
    ConnectorBench,
    ConnectorConformance,
    LogLine,
    Pages,
    Ports,
    RouteCall,
    RouteEnd,
    RunResult,
    SentRequest,
    Wall,
)
from levada_runtime.pytest_plugin.wall import SandboxWall

connector = Connector("acme", hosts=["api.acme.test"])
bench = ConnectorBench(connector, http={"/rows": Pages([1], [2])}, settings={"region": "eu"}, now=datetime.now(UTC))
ConnectorBench(connector, cassette="run.json")
ConnectorBench(connector, cassette=Path("run.json"))
ConnectorBench(connector, cassette=Cassette.load("run.json"))

run = bench.poll("rows", kill_after=1)
assert_type(run, RunResult)
assert_type(run.batches, Sequence[BatchResult])
assert_type(run.requests, Sequence[SentRequest])
assert_type(run.logs, Sequence[LogLine])
assert_type(run.reply, Reply | None)
assert_type(run.checkpoint, Mapping[str, Any])
assert_type(bench.wall, Wall | None)


def test_rows(connector_run: Callable[..., ConnectorBench]) -> None:
    assert connector_run(connector, cassette="run.json").poll("rows").pages


class TestAcme(ConnectorConformance):
    connector = connector
    http = {"/rows": [[{"id": 1}]]}  # noqa: RUF012 - as authors write it
    webhooks = {"events": [{"id": 1}, b"{}", Request(b"{}", {})]}  # noqa: RUF012 - as authors write it
    exempt = {"test_keys_are_stable": "It has no keys at all."}  # noqa: RUF012 - as authors write it


def behind(wall: Wall, call: RouteCall, ports: Ports) -> RouteEnd:
    assert_type(wall.refusals("levada_acme"), Sequence[str])
    scheme = hmac_sha256("X-Signature", secret="key")
    assert_type(wall.refused(scheme, {"key": "x"}, Request(b"{}", {}), call.now), str | None)
    return wall.run(call, ports)


offered: Wall = SandboxWall()
