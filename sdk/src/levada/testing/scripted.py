"""A source that answers from a script, and remembers what it was asked."""

import json as json_codec
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import parse_qsl, urljoin, urlsplit

from levada._http import CaseInsensitive, HttpRequest, Response
from levada._manifest import Manifest
from levada._nearest import did_you_mean
from levada.errors import HostNotDeclared

PAGE = "scripted_page"
"""The parameter by which a scripted `Link` header asks for the next page."""


class UnscriptedRequest(AssertionError):  # noqa: N818 - what happened, as a test reads it
    """The route asked for something that the test's script does not answer."""


class Pages(tuple[Any, ...]):
    """Bodies that are served one after another, each but the last with a `Link` header to the next."""

    __slots__ = ()

    def __new__(cls, *bodies: Any) -> Self:
        return super().__new__(cls, bodies)


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request as it left the route; a parameter that was sent several times is a list."""

    method: str
    url: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return None if self.body is None else json_codec.loads(self.body)


class ScriptedHttp:
    """Sends for `RouteHttp`: looks the path up in a script, once the host is known to be declared.

    The script maps `"/path"`, `"POST /path"` or a whole URL to a body, to pages (`Pages(...)`, a tuple, or a list of
    lists), to a `Response`, to an exception that is raised, or to a callable of the `SentRequest` that returns any of
    these.
    """

    def __init__(self, script: Mapping[str, Any], manifest: Manifest, settings: Mapping[str, Any]) -> None:
        self._script = dict(script)
        self._bases = [base for rule in manifest.hosts if (base := _base(rule.pattern, rule.setting, settings))]
        self._patterns = [rule.pattern for rule in manifest.hosts if rule.pattern]
        self.requests: list[SentRequest] = []

    def send(self, request: HttpRequest) -> Response:
        """Answer a request. Raises HostNotDeclared, or UnscriptedRequest when the script says nothing."""
        absolute = replace(request, url=self._absolute(request.url))
        sent = _sent(absolute)
        self.requests.append(sent)
        if not self._declared(sent.url):
            raise HostNotDeclared(f"the connector does not declare {urlsplit(sent.url).hostname!r} in hosts")
        return self._answer(sent, absolute)

    def _answer(self, sent: SentRequest, _request: HttpRequest) -> Response:
        return self._answered(sent, self._scripted(sent))

    def _absolute(self, url: str) -> str:
        if "://" in url:
            return url
        if not self._bases:
            raise HostNotDeclared("a relative path goes to the first declared host, and that has no name of its own")
        return urljoin(self._bases[0] + "/", url.lstrip("/"))

    def _declared(self, url: str) -> bool:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if any(urlsplit(base)[:2] == parts[:2] for base in self._bases):
            return True
        named = any(pattern == host or _covers(pattern, host) for pattern in self._patterns)
        return named and parts.scheme == "https" and parts.port is None

    def _scripted(self, sent: SentRequest) -> Any:
        for name in (f"{sent.method} {sent.url}", sent.url, f"{sent.method} {sent.path}", sent.path):
            if name in self._script:
                return self._script[name]
        known = did_you_mean(sent.path, self._script)
        raise UnscriptedRequest(f"the script has no answer to {sent.method} {sent.path}: {known}")

    def _answered(self, sent: SentRequest, answer: Any) -> Response:
        if callable(answer):
            return self._answered(sent, answer(sent))
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, Response):
            return Response(answer.status, answer.headers, answer.content, answer.url or sent.url)
        pages = _pages_in(answer)
        return _json(sent, answer) if pages is None else _page(sent, pages)


def _sent(request: HttpRequest) -> SentRequest:
    parts = urlsplit(request.url)
    params: dict[str, Any] = {}
    for name, value in [*parse_qsl(parts.query, keep_blank_values=True), *request.params]:
        params[name] = [*_listed(params[name]), value] if name in params else value
    bare = parts._replace(query="", fragment="").geturl()
    headers = CaseInsensitive(dict(request.headers))
    return SentRequest(request.method, bare, parts.path, params, headers, request.body)


def _page(sent: SentRequest, pages: Sequence[Any]) -> Response:
    at = int(sent.params.get(PAGE, 0))
    more = at + 1 < len(pages)
    link = {"Link": f'<{sent.url}?{PAGE}={at + 1}>; rel="next"'} if more else {}
    return _json(sent, pages[at] if pages else [], link)


def _json(sent: SentRequest, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    written = json_codec.dumps(body).encode()
    return Response(200, {"Content-Type": "application/json", **(headers or {})}, written, sent.url)


def _pages_in(answer: Any) -> Sequence[Any] | None:
    if isinstance(answer, tuple):
        return answer
    if isinstance(answer, list) and answer and all(isinstance(page, list) for page in answer):
        return answer
    return None


def _base(pattern: str | None, setting: str | None, settings: Mapping[str, Any]) -> str | None:
    if setting is not None:
        return str(settings[setting]).rstrip("/") if settings.get(setting) else None
    return None if pattern is None or pattern.startswith("*.") else f"https://{pattern}"


def _covers(pattern: str, host: str) -> bool:
    label, _, rest = host.partition(".")
    return pattern.startswith("*.") and bool(label) and rest == pattern[2:]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
