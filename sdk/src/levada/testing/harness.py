"""A connector set up for a test: its routes run as plain functions, so that a debugger and a traceback see them.

With `--levada-sandbox` they run compiled under the policy, behind the wall, and a test is told the same of them.
"""

import json as json_codec
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from levada._cassette import Cassette
from levada._checkpoint import RouteCheckpoint
from levada._connector import Connector
from levada._graph import Relationship
from levada._graph_route import RouteGraph
from levada._http import CaseInsensitive, RouteHttp
from levada._ingest import RouteIngest
from levada._manifest import Manifest
from levada._request import Reply, Request, Window
from levada._routes import Route, call_route
from levada._run import RouteLog, Run
from levada._secrets import RouteSecrets
from levada._settings import Setting
from levada.contracts import Contract
from levada.errors import InvalidDefinition
from levada.testing.attempt import Attempt, Disturbance, Killed, RunResult
from levada.testing.behind import place_of, run_behind
from levada.testing.graph import MemoryEntities, MemoryGraph
from levada.testing.memory import MemoryDocuments, MemoryIngest, with_extensions
from levada.testing.recorded import RecordedHttp
from levada.testing.scripted import ScriptedHttp
from levada.testing.wall import RouteCall, chosen


class ConnectorBench:
    """A connector with its settings and its source; keeps documents, graph and checkpoints between runs.

    The source is a script (`http`), or a recorded run (`cassette`, a file or a `Cassette`), which every run of the
    bench plays from its beginning; settings, checkpoint and `now` are then the recorded ones unless they are given.
    `wall` is what routes run behind, None for in process: what the session chose, until a test says otherwise.
    `contracts` are those of an extension: they are known besides the canonical ones, and take the place of those that
    they widen.
    """

    def __init__(
        self,
        connector: Connector,
        *,
        http: Mapping[str, Any] | None = None,
        cassette: Cassette | Path | str | None = None,
        settings: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        now: datetime | None = None,
        contracts: Iterable[type[Contract]] = (),
    ) -> None:
        if http is not None and cassette is not None:
            raise TypeError("a source answers from a script or from a cassette: give either http= or cassette=")
        self.connector = connector
        self.manifest = connector.manifest()
        self.script: dict[str, Any] = dict(http or {})
        self.cassette = Cassette.load(cassette) if isinstance(cassette, str | Path) else cassette
        self.ingest = MemoryIngest(connector=connector.key, contracts=with_extensions(contracts))
        self.graph = MemoryGraph()
        self.now = now
        given = dict(settings or {})
        if self.cassette is not None:
            given = _recorded(self.cassette, self.manifest) | given
            self.now = now or self.cassette.now
            place = _place(self.cassette.mode, self.cassette.stream, self.cassette.window)
            for partition, values in (self.cassette.checkpoint or {}).items():
                self.ingest.checkpoints[place, partition] = dict(values)
        self.settings: Mapping[str, Any] = MappingProxyType(_filled(self.manifest.settings, given))
        self.secrets = _exposed(self.manifest, secrets or {})
        self.wall = chosen()
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
        """Run a backfill route over one window, which has a checkpoint of its own until it is through."""
        place = _place("backfill", stream, (start, end))
        run = self._run(self.connector.route("backfill", stream), {"window": Window(start, end)}, place, **how)
        if not (run.killed or how.get("observe")):
            for partition in run.checkpoints:
                del self.ingest.checkpoints[place, partition]
        return run

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

    def _run(self, route: Route, given: Mapping[str, Any], place: str, **how: Any) -> RunResult:
        __tracebackhide__ = True
        disturbance = Disturbance(**how)
        source = f"connection:{self.ingest.connection}/{route.stream}"
        attempt = Attempt(self.ingest, self.graph, self._source(), place, source, disturbance)
        self._runs += 1
        now = self.now or datetime.now(UTC)
        run = Run(f"run-{self._runs}", route.mode, disturbance.observe, 1, now, self.ingest.connection)
        reply, killed = None, False
        try:
            call = self._in_process if self.wall is None else self._behind
            reply = call(route, attempt, run, now, given)
            attempt.end()
        except Killed:
            killed = True
        finally:
            attempt.drop_page()
        return attempt.result(reply, killed=killed)

    def _source(self) -> ScriptedHttp:
        if self.cassette is not None:
            return RecordedHttp(self.cassette, self.manifest, self.settings)
        return ScriptedHttp(self.script, self.manifest, self.settings)

    def _in_process(
        self, route: Route, attempt: Attempt, run: Run, now: datetime, given: Mapping[str, Any]
    ) -> Reply | None:
        bench: dict[str, Any] = {
            "settings": self.settings,
            "secrets": self.secrets,
            "http": RouteHttp(attempt.send),
            "log": RouteLog(attempt.log),
            "run": run,
            "now": now,
            **given,
        }
        if route.mode != "check":
            bench["ingest"] = self._front(route, attempt)
            bench["graph"] = RouteGraph(attempt)
            bench["checkpoint"] = RouteCheckpoint(attempt.kept(), attempt.save)
        return call_route(route, bench)

    def _behind(
        self, route: Route, attempt: Attempt, run: Run, now: datetime, given: Mapping[str, Any]
    ) -> Reply | None:
        __tracebackhide__ = True
        assert self.wall is not None
        package, attribute = place_of(self.connector)
        call = RouteCall(
            package=package,
            attribute=attribute,
            mode=route.mode,
            stream=route.stream,
            run=run,
            now=now,
            settings=self.settings,
            secrets=self.secrets,
            checkpoint=attempt.kept(),
            **given,
        )
        return run_behind(self.wall, call, attempt)

    def _front(self, route: Route, attempt: Attempt) -> RouteIngest:
        return RouteIngest(
            attempt,
            stream=route.stream,
            streams=frozenset(stream.key for stream in self.manifest.streams),
            emits=None if route.emits is None else frozenset(route.emits),
        )


def _place(mode: str, stream: str, window: tuple[datetime, datetime] | None) -> str:
    """Return where a route's checkpoint is kept: each window of a backfill has its own."""
    if window is None:
        return f"{mode}:{stream}"
    return f"{mode}:{stream}:{'/'.join(edge.astimezone(UTC).isoformat() for edge in window)}"


def _recorded(cassette: Cassette, manifest: Manifest) -> dict[str, Any]:
    """Return the settings that a cassette was recorded with."""
    if cassette.connector != manifest.key:
        raise InvalidDefinition(f"the cassette was recorded of {cassette.connector!r}, not of {manifest.key!r}")
    return dict(cassette.settings or {})


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
