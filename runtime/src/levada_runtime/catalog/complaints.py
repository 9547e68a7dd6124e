"""What a connector declares that works and that somebody should look at twice; a pure decider over its manifest."""

import ast
import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from levada import Manifest
from levada_runtime.catalog.declared import ConnectorCall
from levada_runtime.sandbox.language.policy import Finding

Place = tuple[str, int, int]
_LOCAL: Final = (".local", ".localhost", ".internal", ".lan", ".home.arpa")
_ROUTES: Final = ("poll", "webhook", "backfill")


@dataclass(frozen=True, slots=True)
class Places:
    """Where in a connector's sources its parts are declared."""

    top: Place
    connector: ConnectorCall | None
    routes: Mapping[str, Place]

    def of_word(self, word: str) -> Place:
        """Return where a word stands in the call that makes the connector, else where that call does."""
        if self.connector is None:
            return self.top
        for node in ast.walk(self.connector.call):
            if isinstance(node, ast.Constant) and node.value == word:
                return self.connector.path, node.lineno, node.col_offset + 1
        return self.connector.path, self.connector.call.lineno, self.connector.call.col_offset + 1

    def of_stream(self, stream: str) -> Place:
        return self.routes.get(stream, self.top)


def places_in(top: str, connector: ConnectorCall | None, files: Mapping[str, bytes]) -> Places:
    """Find them; `files` are sources that compile."""
    routes: dict[str, Place] = {}
    for path, source in files.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                for stream, route in _streams(node):
                    routes.setdefault(stream, (path, route.lineno, route.col_offset + 1))
    return Places((top, 1, 1), connector, routes)


def _streams(function: ast.FunctionDef) -> Iterator[tuple[str, ast.Call]]:
    for route in function.decorator_list:
        if isinstance(route, ast.Call) and isinstance(route.func, ast.Attribute) and route.func.attr in _ROUTES:
            for first in route.args[:1]:
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value, route


def complaints(manifest: Manifest, places: Places, nearest_type: Mapping[str, str]) -> Iterator[tuple[str, Finding]]:
    """Say what should be looked at; `nearest_type` gives for each unknown document type the known one it resembles."""
    if not manifest.streams:
        yield _at(places.of_word(manifest.key), "the connector serves no stream", "bind a route with @connector.poll")
    yield from _of_streams(manifest, places, nearest_type)
    for name in manifest.exposed_secrets():
        yield _at(
            places.of_word(name),
            f"the secret {name!r} is handed to the connector's code, which every operator is told",
            "use it in `auth` or `verify`, where it never enters the sandbox",
        )
    for host in (rule.pattern for rule in manifest.hosts if rule.pattern is not None):
        why = _not_public(host)
        if why is not None:
            way_out = 'let the operator name it: hosts=[from_setting("api_base")], and allow it in broker.allow_private'
            yield _at(places.of_word(host), f"the host {host!r} {why}, and requests to it are refused", way_out)
    for setting in manifest.settings:
        if setting.kind == "url" and str(setting.default or "").startswith("http:"):
            reason = f"the default of {setting.name!r} is plain http, which an operator must allow by hand"
            yield _at(places.of_word(setting.name), reason, "give an https address, or no default")


def _of_streams(manifest: Manifest, places: Places, nearest_type: Mapping[str, str]) -> Iterator[tuple[str, Finding]]:
    for stream in manifest.streams:
        place = places.of_stream(stream.key)
        if not stream.description:
            reason = f"the stream {stream.key!r} does not say what it is: its route has no docstring"
            yield _at(place, reason, "write one sentence; operators read it")
        if stream.verify is not None and stream.verify.kind == "unverified":
            reason = f"anybody can send to the webhook {stream.key!r}: it is unverified"
            yield _at(place, reason, "verify a signature, if the source makes one")
        for kind in stream.emits or ():
            if kind in nearest_type:
                reason = f"the stream {stream.key!r} emits {kind!r}, which is no document type known here"
                yield _at(place, reason, f"did you mean {nearest_type[kind]!r}?")


def types_of(manifest: Manifest) -> Iterable[str]:
    """Return every document type that a manifest names."""
    return {kind for stream in manifest.streams for kind in stream.emits or ()}


def _not_public(host: str) -> str | None:
    try:
        return None if ipaddress.ip_address(host).is_global else "is no public address"
    except ValueError:
        return "is no public name" if "." not in host or host.endswith(_LOCAL) else None


def _at(place: Place, reason: str, way_out: str | None) -> tuple[str, Finding]:
    path, line, column = place
    return path, Finding(line, column, reason, way_out)
