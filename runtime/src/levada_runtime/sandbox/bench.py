"""Running a route: what it is given comes from the call's first frame and from ports that ask the host."""

import types
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from levada import Connector, Reply, Request, Window
from levada._checkpoint import RouteCheckpoint
from levada._encoding import encode_json
from levada._graph_route import RouteGraph
from levada._http import CaseInsensitive, RouteHttp
from levada._ingest import RouteIngest
from levada._routes import Route, call_route
from levada._run import RouteLog, Run
from levada._secrets import RouteSecrets
from levada.errors import ConnectorMistake
from levada_runtime.sandbox.channel import ChildChannel
from levada_runtime.sandbox.encode import encode_record
from levada_runtime.sandbox.ports import Lines, WireCheckpoint, WireGraph, WireHttp, WireIngest
from levada_runtime.sandbox.protocol import REPLY_BYTES, Asked, RequestFrame, RunFrame, Start


def connector_of(module: types.ModuleType, attribute: str) -> Connector:
    """Return the connector that the entry point names, or raise ConnectorMistake."""
    found = vars(module).get(attribute)
    if not isinstance(found, Connector):
        what = "is not there" if found is None else f"is a {type(found).__name__}"
        raise ConnectorMistake(f"{module.__name__}:{attribute} should be a levada.Connector and {what}")
    return found


def run(connector: Connector, asked: Asked, channel: ChildChannel, lines: Lines) -> bytes | None:
    """Run the route the call is about, and return its reply as JSON; a connector without a check proves nothing."""
    if asked.action == "check":
        route = connector.check_route
    else:
        assert asked.stream is not None
        route = connector.route(asked.action, asked.stream)
    reply = None if route is None else call_route(route, _bench(connector, route, asked, channel, lines))
    return None if reply is None else _told(reply)


def _told(reply: Reply) -> bytes:
    written = encode_json({"status": reply.status, "json": reply.json})
    if len(written) > REPLY_BYTES:
        raise ConnectorMistake(f"the Reply is larger than {REPLY_BYTES >> 20} MiB")
    return written


def _bench(connector: Connector, route: Route, asked: Asked, channel: ChildChannel, lines: Lines) -> Mapping[str, Any]:
    bench: dict[str, Any] = {
        "settings": types.MappingProxyType(orjson.loads(asked.settings)),
        "secrets": RouteSecrets(asked.secrets, _declared_secrets(connector)),
        "http": RouteHttp(WireHttp(channel).send),
        "log": RouteLog(lines.write),
        "run": _run(asked.run, asked.action),
        "now": datetime.fromisoformat(asked.now),
    }
    if asked.action != "check":
        bench["ingest"] = _ingest(connector, route, channel)
        bench["graph"] = RouteGraph(WireGraph(channel), encode_record)
        bench["checkpoint"] = RouteCheckpoint(orjson.loads(asked.checkpoint), WireCheckpoint(channel).save)
    if asked.request is not None:
        bench["request"] = _request(asked.request)
    if isinstance(asked, Start) and asked.window is not None:
        bench["window"] = Window(datetime.fromisoformat(asked.window.start), datetime.fromisoformat(asked.window.end))
    return bench


def _request(given: RequestFrame) -> Request:
    return Request(given.body, CaseInsensitive(given.headers), dict(given.params), given.delivery_id)


def _declared_secrets(connector: Connector) -> list[str]:
    return [setting.name for setting in connector.manifest().settings if setting.kind == "secret"]


def _ingest(connector: Connector, route: Route, channel: ChildChannel) -> RouteIngest:
    streams = frozenset(stream.key for stream in connector.manifest().streams)
    emits = frozenset(route.emits) if route.emits is not None else None
    return RouteIngest(WireIngest(channel), stream=route.stream, streams=streams, emits=emits, encode=encode_record)


def _run(run: RunFrame | None, action: str) -> Run:
    if run is None:
        return Run(id="", mode=action, observing=False, attempt=1, scheduled_for=None, connection="")
    moment = datetime.fromisoformat(run.scheduled_for) if run.scheduled_for else None
    return Run(
        id=run.id,
        mode=run.mode,
        observing=run.observing,
        attempt=run.attempt,
        scheduled_for=moment,
        connection=run.connection,
    )
