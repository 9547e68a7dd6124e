"""A connector set up in process: its routes run as plain functions, so that a debugger and a traceback see them."""

import json as json_codec
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from levada._checkpoint import RouteCheckpoint
from levada._connector import Connector
from levada._graph import Relationship, RouteGraph, SyncResult, WriteResult
from levada._http import CaseInsensitive, RouteHttp
from levada._ingest import BatchResult, Draft, FailedRecord, IngestPort, IngestResult, RouteIngest
from levada._manifest import Manifest
from levada._request import Reply, Request, Window
from levada._routes import Route, call_route
from levada._run import RouteLog, Run
from levada._secrets import RouteSecrets
from levada._settings import Setting
from levada.errors import InvalidDefinition
from levada.testing.graph import MemoryEntities, MemoryGraph
from levada.testing.memory import MemoryDocuments, MemoryIngest
from levada.testing.scripted import ScriptedHttp, SentRequest


class Killed(BaseException):
    """The run was killed; no connector code may catch it."""


class PageLost(Exception):  # noqa: N818 - it is what happens to a page, and what a route sees of it
    """The page could not be written."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a run's log."""

    level: str
    message: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did: documents, graph and checkpoint are as they stand after it, the rest is the run's own."""

    documents: MemoryDocuments
    entities: MemoryEntities
    relationships: Sequence[Relationship]
    checkpoint: Mapping[str, Any]
    checkpoints: Mapping[str, Mapping[str, Any]]
    requests: Sequence[SentRequest]
    batches: Sequence[BatchResult]
    retired: Sequence[IngestResult]
    syncs: Sequence[SyncResult]
    writes: Sequence[WriteResult]
    failed_records: Sequence[FailedRecord]
    logs: Sequence[LogLine]
    pages: int
    reply: Reply | None = None
    killed: bool = False
    lost: bool = False


class _Recorder:
    """Passes on to an ingest port, and remembers what it answered."""

    def __init__(self, port: IngestPort) -> None:
        self._port = port
        self.batches: list[BatchResult] = []
        self.retired: list[IngestResult] = []

    def emit(self, stream: str, document_type: str, drafts: Sequence[Draft], *, continue_on_error: bool) -> BatchResult:
        answer = self._port.emit(stream, document_type, drafts, continue_on_error=continue_on_error)
        self.batches.append(answer)
        return answer

    def retire(
        self, stream: str, document_type: str, *, idempotency_key: str, source_time: datetime | None
    ) -> IngestResult:
        answer = self._port.retire(stream, document_type, idempotency_key=idempotency_key, source_time=source_time)
        self.retired.append(answer)
        return answer


class ConnectorBench:
    """A connector with its settings and a scripted source; keeps documents, graph and checkpoints between runs."""

    def __init__(
        self,
        connector: Connector,
        *,
        http: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        now: datetime | None = None,
    ) -> None:
        self.connector = connector
        self.manifest = connector.manifest()
        self.script: dict[str, Any] = dict(http or {})
        self.settings: Mapping[str, Any] = MappingProxyType(_filled(self.manifest.settings, settings or {}))
        self.secrets = _exposed(self.manifest, secrets or {})
        self.now = now
        self.ingest = MemoryIngest(connector=connector.key)
        self.graph = MemoryGraph()
        self._runs = 0

    @property
    def documents(self) -> MemoryDocuments:
        """The current payloads of all documents."""
        return self.ingest.documents

    @property
    def entities(self) -> MemoryEntities:
        """All entities, as their claims add up to them."""
        return self.graph.entities

    @property
    def relationships(self) -> Sequence[Relationship]:
        """All relationships, in order."""
        return self.graph.relationships

    def checkpoint(self, stream: str, mode: str = "poll") -> Mapping[str, Any]:
        """Return what a stream's checkpoint holds."""
        return dict(self.ingest.checkpoints.get((f"{mode}:{stream}", ""), {}))

    def poll(self, stream: str, **how: Any) -> RunResult:
        """Run a poll route. `observe=True` keeps nothing; `kill_after=n` kills the run after its nth page."""
        return self._run(self.connector.route("poll", stream), {}, f"poll:{stream}", **how)

    def backfill(self, stream: str, start: datetime, end: datetime, **how: Any) -> RunResult:
        """Run a backfill route over one window, which has a checkpoint of its own."""
        place = f"backfill:{stream}:{start.isoformat()}/{end.isoformat()}"
        return self._run(self.connector.route("backfill", stream), {"window": Window(start, end)}, place, **how)

    def webhook(
        self,
        stream: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        delivery_id: str | None = None,
        **how: Any,
    ) -> RunResult:
        """Run a webhook route on a delivery whose signature is taken for verified."""
        raw = json_codec.dumps(json).encode() if body is None else body
        request = Request(raw, CaseInsensitive(headers or {}), dict(params or {}), delivery_id)
        return self._run(self.connector.route("webhook", stream), {"request": request}, f"webhook:{stream}", **how)

    def check(self) -> RunResult:
        """Run the check route. Raises what it raises."""
        route = self.connector.check_route
        if route is None:
            raise InvalidDefinition(f"the connector {self.connector.key!r} has no check")
        return self._run(route, {}, "check")

    def _run(
        self,
        route: Route,
        given: Mapping[str, Any],
        place: str,
        *,
        observe: bool = False,
        kill_after: int | None = None,
        lose_page: int | None = None,
    ) -> RunResult:
        self._runs += 1
        attempt = _Attempt(self, route, place, observe=observe, kill_after=kill_after, lose_page=lose_page)
        reply, killed = None, False
        try:
            reply = call_route(route, attempt.bench(given, f"run-{self._runs}"))
            attempt.end_page(None)
        except Killed:
            killed = True
        finally:
            attempt.drop_page()
        return replace(attempt.result(), reply=reply, killed=killed)


class _Attempt:
    """One run: what the route is given, and what becomes of its pages."""

    def __init__(
        self,
        of: ConnectorBench,
        route: Route,
        place: str,
        *,
        observe: bool,
        kill_after: int | None,
        lose_page: int | None,
    ) -> None:
        self.ingest = of.ingest.observed() if observe else of.ingest
        source = f"connection:{of.ingest.connection}/{route.stream}"
        self._graph = of.graph.opened(source, observing=observe)
        self._of = of
        self._route = route
        self._place = place
        self._observe = observe
        self._kill_after = kill_after
        self._lose_page = lose_page
        self._pages = 0
        self._lost = False
        self._logs: list[LogLine] = []
        self._http = ScriptedHttp(of.script, of.manifest, of.settings)
        self._quarantined = len(self.ingest.quarantine)
        self._recorder = _Recorder(self.ingest)

    def bench(self, given: Mapping[str, Any], run_id: str) -> Mapping[str, Any]:
        """Return everything that a route of this mode may ask for."""
        now = self._of.now or datetime.now(UTC)
        bench: dict[str, Any] = {
            "settings": self._of.settings,
            "secrets": self._of.secrets,
            "http": RouteHttp(self._http.send),
            "log": RouteLog(lambda level, message, fields: self._logs.append(LogLine(level, message, fields))),
            "run": Run(run_id, self._route.mode, self._observe, 1, now, self.ingest.connection),
            "now": now,
            **given,
        }
        if self._route.mode != "check":
            bench["ingest"] = self._front()
            bench["graph"] = RouteGraph(self._graph)
            bench["checkpoint"] = RouteCheckpoint(self._kept(), self._save)
        return bench

    def end_page(self, saved: tuple[str, Mapping[str, Any]] | None) -> None:
        """Commit what was emitted since the last page, with the partition and the values that were saved."""
        self._pages += 1
        if self._pages == self._lose_page:
            self._lost = True
            self.drop_page()
            raise PageLost(f"page {self._pages} could not be written")
        if saved is None:
            self.ingest.commit_page()
        else:
            self.ingest.commit_page((self._place, saved[0]), json_codec.loads(json_codec.dumps(saved[1])))
        self._graph.commit_page()
        if self._pages == self._kill_after:
            raise Killed

    def drop_page(self) -> None:
        """Forget what was handed over since the last page."""
        self.ingest.drop_page()
        self._graph.drop_page()

    def result(self) -> RunResult:
        """Return what has happened so far."""
        kept = self._kept()
        return RunResult(
            documents=self._of.documents,
            entities=self._of.entities,
            relationships=self._of.relationships,
            checkpoint=kept.get("", {}),
            checkpoints=kept,
            requests=tuple(self._http.requests),
            batches=tuple(self._recorder.batches),
            retired=tuple(self._recorder.retired),
            syncs=tuple(self._graph.syncs),
            writes=tuple(self._graph.writes),
            failed_records=tuple(self.ingest.quarantine[self._quarantined :]),
            logs=tuple(self._logs),
            pages=self._pages,
            lost=self._lost,
        )

    def _front(self) -> RouteIngest:
        return RouteIngest(
            self._recorder,
            stream=self._route.stream,
            streams=frozenset(stream.key for stream in self._of.manifest.streams),
            emits=None if self._route.emits is None else frozenset(self._route.emits),
        )

    def _save(self, partition: str, values: Mapping[str, Any]) -> None:
        self.end_page((partition, values))

    def _kept(self) -> dict[str, dict[str, Any]]:
        kept = self._of.ingest.checkpoints.items()
        return {partition: dict(values) for (place, partition), values in kept if place == self._place}


def _exposed(manifest: Manifest, given: Mapping[str, str]) -> RouteSecrets:
    declared = [setting.name for setting in manifest.settings if setting.kind == "secret"]
    exposed = {name: given.get(name, f"secret-{name}") for name in manifest.exposed_secrets()}
    return RouteSecrets(exposed, declared)


def _filled(settings: Sequence[Setting], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with their defaults; a URL that nobody gave is one that only a script answers."""
    filled: dict[str, Any] = {}
    for setting in settings:
        if setting.kind == "secret":
            continue
        default = setting.default
        if default is None and setting.kind == "url":
            default = f"https://{setting.name.replace('_', '-')}.test"
        filled[setting.name] = given.get(setting.name, default)
    unknown = set(given) - set(filled)
    if unknown:
        raise InvalidDefinition(f"the connector has no setting {', '.join(sorted(unknown))}")
    return filled
