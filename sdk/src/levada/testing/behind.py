"""Running a route behind the wall, so that a test sees of it what it would see in process."""

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import pytest

from levada._connector import Connector
from levada._graph import GraphBatch, SnapshotStep, SyncResult, WriteResult
from levada._http import HttpRequest, Response
from levada._ingest import BatchResult, Draft, IngestResult
from levada._request import Reply
from levada.errors import BadRecord, LevadaError
from levada.testing.attempt import PageLost
from levada.testing.failures import failure_of
from levada.testing.frames import frames_of
from levada.testing.wall import Ports, RouteCall, RouteEnd, Wall, enter

Answer = TypeVar("Answer")


def package_of(connector: Connector) -> str:
    """Return the name of the top-level package that a connector's routes are written in."""
    route = next(iter(connector.routes), connector.check_route)
    module = inspect.getmodule(route.function) if route is not None else None
    assert module is not None, "the routes belong to no module"
    return module.__name__.partition(".")[0]


def place_of(connector: Connector) -> tuple[str, str]:
    """Return the package of a connector and its name there; skips one that a test defines, which is in none."""
    package = package_of(connector)
    for name, value in vars(sys.modules.get(package, object)).items():
        if value is connector:
            return package, name
    pytest.skip(
        f"{connector.key!r} runs in process only: it is no attribute of {package!r}, which is where a runtime looks"
    )


def run_behind(wall: Wall, call: RouteCall, ports: Ports) -> Reply | None:
    """Run a route behind the wall; raises what it raises, through the connector's own lines.

    Skips where the machine cannot offer the wall, and routes of a mode that it does not serve.
    """
    __tracebackhide__ = True
    enter(wall)
    if call.mode not in wall.modes:
        pytest.skip(f"a {call.mode} route runs in process only: the sandbox of this runtime does not serve it yet")
    remembering = Remembering(ports)
    end = wall.run(call, remembering)
    error = remembering.raised_for(end, call.package)
    if error is None:
        return end.reply
    raise error.with_traceback(frames_of(end.traceback or "", call.package, error.__traceback__))


class Remembering:
    """Ports that remember what they raise, which in the route is only another error of the same code and message."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._raised: list[tuple[LevadaError, Exception]] = []
        self._failed: Exception | None = None

    def emit(self, stream: str, document_type: str, drafts: Iterable[Draft], *, continue_on_error: bool) -> BatchResult:
        answer = self._asked(
            lambda: self._ports.emit(stream, document_type, drafts, continue_on_error=continue_on_error)
        )
        if answer.failed_records:
            # What `ingest.canonical` makes of it, which knows the records that failed.
            refused = BadRecord(answer.failed_records[0].message, failed_records=answer.failed_records)
            self._raised.append((refused, refused))
        return answer

    def retire(
        self, stream: str, document_type: str, *, idempotency_key: str, source_time: datetime | None
    ) -> IngestResult:
        return self._asked(
            lambda: self._ports.retire(stream, document_type, idempotency_key=idempotency_key, source_time=source_time)
        )

    def sync(self, batch: GraphBatch, *, scope: str | None) -> SyncResult:
        return self._asked(lambda: self._ports.sync(batch, scope=scope))

    def write(self, batch: GraphBatch) -> WriteResult:
        return self._asked(lambda: self._ports.write(batch))

    def snapshot(self, step: SnapshotStep, batch: GraphBatch, *, scope: str | None) -> None:
        self._asked(lambda: self._ports.snapshot(step, batch, scope=scope))

    def save(self, partition: str, values: Mapping[str, Any]) -> None:
        self._asked(lambda: self._ports.save(partition, values))

    def send(self, request: HttpRequest) -> Response:
        return self._asked(lambda: self._ports.send(request))

    def log(self, level: str, message: str, fields: Mapping[str, Any]) -> None:
        self._ports.log(level, message, fields)

    def raised_for(self, end: RouteEnd, package: str) -> Exception | None:
        """Return what the test is to see of this end: None, what a port raised, or what is told of an exception."""
        if self._failed is not None:
            return self._failed
        if end.reason is None:
            return None
        for told, original in reversed(self._raised):
            if told.code == end.code and told.message.startswith(end.message):
                return original
        return failure_of(end, package)

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        """Ask, and tell the route of a failure: it then says in which of its lines it stood."""
        try:
            return ask()
        except LevadaError as error:
            self._raised.append((error, error))
            raise
        except Exception as error:
            told = LevadaError(str(error))
            self._raised.append((told, error))
            if not isinstance(error, PageLost):
                # The test's own failure, such as a request that its script does not answer: no route can make it good.
                self._failed = self._failed or error
            raise told from error
