"""A sandbox, a source of connectors made of text, and handlers that keep what they were told."""

import platform
import sys
import textwrap
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.sandbox.harness.walls import OFF, Walls

from levada_runtime.sandbox.answering import NoHandlers
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.sandbox.model import Bundle, Call, Delivery, Limits, RunInfo
from levada_runtime.sandbox.protocol import EmitAnswer, GraphAnswer, HttpAnswer, RecordAnswer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUICK = Limits(cpu_s=5, wall_s=10)


def pytest_collection_modifyitems(items):
    if sys.platform == "linux" and platform.machine() == "x86_64":
        return
    here = pytest.mark.skip(reason=f"the wall is built for x86_64 Linux; this is {platform.machine()} {sys.platform}")
    for item in items:
        if "tests/sandbox" in item.nodeid:
            item.add_marker(here)


class Told(NoHandlers):
    """Handlers that answer as an ingest that takes everything, and remember."""

    def __init__(self) -> None:
        self.emitted: list[Any] = []
        self.retired: list[Any] = []
        self.graphed: list[Any] = []
        self.snapshots: list[Any] = []
        self.saved: list[tuple[str, dict[str, Any]]] = []
        self.requests: list[Any] = []
        self.lines: list[tuple[str, str, dict[str, Any]]] = []
        self._call: list[Any] = []

    @property
    def records(self) -> list[Any]:
        return [record for frame in self.emitted for record in frame.records]

    @property
    def messages(self) -> list[str]:
        return [message for _level, message, _fields in self.lines]

    def emit(self, frame):
        self.emitted.append(frame)
        self._call.extend(frame.records)
        if not frame.last:
            return None
        records = [
            RecordAnswer(
                index, "created", f"doc_{index}", f"ver_{index}", bytes(32), record.idempotency_key, record.source_id
            )
            for index, record in enumerate(self._call)
        ]
        self._call = []
        return EmitAnswer("ingested", PROVENANCE, records)

    def retire(self, frame):
        self.retired.append(frame)
        record = RecordAnswer(0, "retired", "doc_0", "ver_1", None, frame.idempotency_key, None)
        return EmitAnswer("ingested", PROVENANCE, [record])

    def graph(self, frame):
        self.graphed.append(frame)
        return GraphAnswer("committing", (1, 2, 3, 4), (5, 6, 7, 8)) if frame.last else None

    def snapshot(self, frame):
        self.snapshots.append(frame)

    def save(self, partition, values):
        self.saved.append((partition, values))

    def http(self, request):
        self.requests.append(request)
        return HttpAnswer(200, [("Content-Type", "application/json")], b'[{"id": 1}]', "https://api.acme.test/rows")

    def log(self, level, message, fields):
        self.lines.append((level, message, fields))


PROVENANCE = {
    "org_id": "org_1",
    "connection_id": "con_1",
    "connector_key": "naughty",
    "connector_version": "1.0.0",
    "run_id": "run_1",
    "run_mode": "poll",
    "stream": "crime",
    "ingested_at": "2026-03-01T12:00:00Z",
}


class Wall:
    """Runs connectors made of text through one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def call(
        self,
        files: Mapping[str, str] | str,
        *,
        action: str = "poll",
        handlers: Any = None,
        libraries: Mapping[str, str] | None = None,
        **more: Any,
    ):
        sources = {"__init__.py": files} if isinstance(files, str) else files
        bundle = Bundle(
            "naughty",
            "connector",
            {f"naughty/{path}": textwrap.dedent(text).encode() for path, text in sources.items()},
            {path: text.encode() for path, text in (libraries or {}).items()},
        )
        more.setdefault("limits", QUICK)
        more.setdefault("run", RunInfo(id="run_1", mode="poll", connection="naughty"))
        stream = "crime" if action in ("poll", "webhook") else None
        return self.sandbox.call(Call(action, bundle, NOW, stream=stream, **more), handlers)

    def poll(
        self,
        body: str,
        *,
        head: str = "",
        parameters: str = "ingest, checkpoint, http, log, settings, secrets",
        **more: Any,
    ):
        """Run the body of a poll route."""
        source = (
            "from levada import Connector\n"
            + textwrap.dedent(head)
            + '\nconnector = Connector("naughty", title="Naughty", hosts=["api.acme.test"])\n'
            + f'\n\n@connector.poll("crime", every="0 * * * *")\ndef crime({parameters}):\n    """A crime."""\n'
            + textwrap.indent(textwrap.dedent(body), "    ")
        )
        return self.call(source, **more)

    def webhook(self, body: str, request: Delivery, *, reply: bool = False, **more: Any):
        """Run the body of a webhook route on a delivery."""
        source = (
            "from levada import Connector, Reply, secret, unverified\n"
            'connector = Connector("naughty", settings=[secret("key")])\n'
            f'\n\n@connector.webhook("crime", verify=unverified(reason="a test"), reply={reply})\n'
            'def crime(request, ingest, checkpoint, log, secrets):\n    """A crime."""\n'
            + textwrap.indent(textwrap.dedent(body), "    ")
        )
        return self.call(source, action="webhook", request=request, **more)

    def unrestricted(self, source: str, call: str = "naughty_library.attack(settings, log.info)", **more: Any):
        """Run unrestricted Python inside the wall, as a library the connector declares."""
        return self.poll(call, head="import naughty_library", libraries={"naughty_library.py": source}, **more)


@pytest.fixture(scope="session")
def walls() -> Iterator[Walls]:
    """The sandboxes of every level, each started when a test first asks for it."""
    with Walls() as started:
        yield started


@pytest.fixture(scope="session")
def wall(walls: Walls) -> Wall:
    """The sandbox as an operator gets it, at the highest level this machine offers."""
    return Wall(walls.without("L3"))


@pytest.fixture(scope="session")
def kernel_wall(walls: Walls) -> Wall:
    """Level L2: no namespaces."""
    return Wall(walls.without("L2"))


@pytest.fixture(scope="session")
def seccomp_wall(walls: Walls) -> Wall:
    """Level L1: neither namespaces nor Landlock."""
    return Wall(walls.without("L1"))


@pytest.fixture(scope="session")
def no_wall(walls: Walls) -> Wall:
    """The positive control: the same process model with every layer off."""
    return Wall(walls.without(OFF))


@pytest.fixture
def told() -> Told:
    return Told()
