"""HTTP as a route sees it: verbs, pages, answers. Who may be asked, and with which credentials, is decided outside."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urljoin

from levada._encoding import decode_json, encode_json
from levada.errors import AuthFailed, ConnectorMistake, RateLimited, SourceRefused, SourceUnavailable

Params = Mapping[str, Any] | None
Headers = Mapping[str, str] | None
Row = Any
_USUAL_ITEMS = ("data", "items", "results", "value")
_LINK = re.compile(r'<([^>]*)>\s*((?:;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^",;]*)\s*)*)')
_NEXT = re.compile(r';\s*rel\s*=\s*"?[^";]*\bnext\b', re.IGNORECASE)
_OK, _REDIRECTED, _UNAUTHORIZED, _FORBIDDEN, _TIMED_OUT, _TOO_MANY, _SERVER_ERROR = 200, 300, 401, 403, 408, 429, 500


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What goes out: `url` is absolute, or a path on the connector's first host."""

    method: str
    url: str
    params: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None


class CaseInsensitive(Mapping[str, str]):
    """Header names in whatever case they are asked for."""

    __slots__ = ("_items",)

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._items = {name.lower(): (name, value) for name, value in headers.items()}

    def __getitem__(self, name: str) -> str:
        return self._items[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._items.values())

    def __len__(self) -> int:
        return len(self._items)


@dataclass(frozen=True, slots=True)
class Response:
    """What came back. Bodies are bytes; `json` and `text` read them."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    url: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.headers, CaseInsensitive):
            object.__setattr__(self, "headers", CaseInsensitive(self.headers))

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return _OK <= self.status < _REDIRECTED

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", errors="replace")

    @property
    def json(self) -> Any:
        """The body as JSON. Raises SourceUnavailable when it is none, as happens when a proxy answers for a source."""
        try:
            return decode_json(self.content)
        except ValueError:
            raise SourceUnavailable(f"the source answered {self.status} with a body that is not JSON") from None

    def raise_for_status(self) -> "Response":
        """Return the response if it is one of success; raise what follows from its status otherwise."""
        if self.ok:
            return self
        told, wait = f"the source answered {self.status} to {self.url.partition('?')[0]}", retry_after(self.headers)
        if self.status == _TOO_MANY or (self.status == _FORBIDDEN and _is_used_up(self.headers)):
            raise RateLimited(told, wait=wait)
        if self.status in (_UNAUTHORIZED, _FORBIDDEN):
            raise AuthFailed(told)
        if self.status >= _SERVER_ERROR or self.status == _TIMED_OUT:
            raise SourceUnavailable(told, wait=wait)
        raise SourceRefused(f"{told}: {self.text[:200]}")


Paginator = Callable[[HttpRequest, Response, Any], HttpRequest | None]
"""From a request, its response and the rows in it to the next request, or None after the last page."""


class Http(Protocol):
    """Asks the source. Parameters that are None are left out; a relative path goes to the first declared host."""

    def get(self, path: str, *, params: Params = None, headers: Headers = None) -> Response: ...

    def post(
        self, path: str, *, json: Any = None, body: bytes | None = None, params: Params = None, headers: Headers = None
    ) -> Response: ...

    def put(
        self, path: str, *, json: Any = None, body: bytes | None = None, params: Params = None, headers: Headers = None
    ) -> Response: ...

    def patch(
        self, path: str, *, json: Any = None, body: bytes | None = None, params: Params = None, headers: Headers = None
    ) -> Response: ...

    def delete(self, path: str, *, params: Params = None, headers: Headers = None) -> Response: ...

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        params: Params = None,
        headers: Headers = None,
    ) -> Response: ...

    def pages(
        self,
        path: str,
        *,
        params: Params = None,
        headers: Headers = None,
        paginate: Paginator | None = None,
        items: str | None = None,
    ) -> Iterator[list[Row]]:
        """Yield page after page of rows, never an empty one; any answer but success is raised.

        `paginate` defaults to the link header; `items` names the key that holds the rows.
        """
        ...


class RouteHttp:
    """The `http` of one route, over whatever sends."""

    __slots__ = ("_send",)

    def __init__(self, send: Callable[[HttpRequest], Response]) -> None:
        self._send = send

    def get(self, path: str, *, params: Params = None, headers: Headers = None) -> Response:
        return self.request("GET", path, params=params, headers=headers)

    def post(
        self, path: str, *, json: Any = None, body: bytes | None = None, params: Params = None, headers: Headers = None
    ) -> Response:
        return self.request("POST", path, json=json, body=body, params=params, headers=headers)

    def put(
        self, path: str, *, json: Any = None, body: bytes | None = None, params: Params = None, headers: Headers = None
    ) -> Response:
        return self.request("PUT", path, json=json, body=body, params=params, headers=headers)

    def patch(
        self, path: str, *, json: Any = None, body: bytes | None = None, params: Params = None, headers: Headers = None
    ) -> Response:
        return self.request("PATCH", path, json=json, body=body, params=params, headers=headers)

    def delete(self, path: str, *, params: Params = None, headers: Headers = None) -> Response:
        return self.request("DELETE", path, params=params, headers=headers)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        params: Params = None,
        headers: Headers = None,
    ) -> Response:
        return self._send(_made(method, path, json, body, params, headers))

    def pages(
        self,
        path: str,
        *,
        params: Params = None,
        headers: Headers = None,
        paginate: Paginator | None = None,
        items: str | None = None,
    ) -> Iterator[list[Row]]:
        turn = paginate or link_header()
        request: HttpRequest | None = _made("GET", path, None, None, params, headers)
        while request is not None:
            response = self._send(request).raise_for_status()
            rows = rows_in(response.json, items)
            if rows:
                yield rows
            following = turn(request, response, rows)
            if following == request:
                raise ConnectorMistake(f"the next page of {path!r} is the page itself: paginate by another scheme")
            request = following


def rows_in(body: Any, items: str | None = None) -> list[Row]:
    """Return the rows of a body: it itself when it is a list, else under `items` or the usual keys.

    Raises ConnectorMistake when there are none to be found.
    """
    if isinstance(body, list) and items is None:
        return body
    if isinstance(body, dict):
        for key in (items,) if items else _USUAL_ITEMS:
            found = _dig(body, key)
            if isinstance(found, list):
                return found
    where = f"under {items!r}" if items else f"under any of {', '.join(_USUAL_ITEMS)}: name it with items="
    raise ConnectorMistake(f"the page holds no list of rows {where}")


def link_header() -> Paginator:
    """Follow the `Link` header's `rel="next"`."""

    def turn(request: HttpRequest, response: Response, _rows: list[Row]) -> HttpRequest | None:
        for url, attributes in _LINK.findall(response.headers.get("Link", "")):
            if _NEXT.search(attributes):
                return _at(request, urljoin(response.url or request.url, url))
        return None

    return turn


def next_url(key: str = "next") -> Paginator:
    """Follow the URL under a key of the body; dots go deeper."""

    def turn(request: HttpRequest, response: Response, _rows: list[Row]) -> HttpRequest | None:
        url = _dig(response.json, key)
        return _at(request, urljoin(response.url or request.url, str(url))) if url else None

    return turn


def cursor(key: str, *, param: str = "cursor") -> Paginator:
    """Send the cursor under a key of the body as a parameter; dots go deeper."""

    def turn(request: HttpRequest, response: Response, _rows: list[Row]) -> HttpRequest | None:
        found = _dig(response.json, key)
        return _with(request, {param: found}) if found else None

    return turn


def page_number(*, param: str = "page", start: int = 1) -> Paginator:
    """Count pages up until one is empty."""

    def turn(request: HttpRequest, _response: Response, rows: list[Row]) -> HttpRequest | None:
        current = int(dict(request.params).get(param, start))
        return _with(request, {param: current + 1}) if rows else None

    return turn


def offset(*, param: str = "offset", limit: str = "limit") -> Paginator:
    """Move the offset on by the rows that came, until fewer come than the limit or none."""

    def turn(request: HttpRequest, _response: Response, rows: list[Row]) -> HttpRequest | None:
        sent = dict(request.params)
        most = int(sent[limit]) if limit in sent else None
        if not rows or (most is not None and len(rows) < most):
            return None
        return _with(request, {param: int(sent.get(param, 0)) + len(rows)})

    return turn


def last_id(*, param: str = "starting_after", key: str = "id", more: str | None = "has_more") -> Paginator:
    """Send the last row's id as a parameter, while the body says that there is more, or rows come."""

    def turn(request: HttpRequest, response: Response, rows: list[Row]) -> HttpRequest | None:
        body = response.json
        ended = more is not None and isinstance(body, dict) and not body.get(more, True)
        return None if ended or not rows else _with(request, {param: rows[-1][key]})

    return turn


def _made(method: str, path: str, payload: Any, body: bytes | None, params: Params, headers: Headers) -> HttpRequest:
    if payload is not None and body is not None:
        raise ConnectorMistake("a request has either json or a body, not both")
    sent = dict(headers or {})
    if payload is not None:
        body = encode_json(payload)
        sent.setdefault("Content-Type", "application/json")
    return HttpRequest(method.upper(), path, _spelled(params), tuple(sent.items()), body)


def _spelled(params: Params) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for name, value in (params or {}).items():
        several = value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
        pairs += [(name, _word(one)) for one in several if one is not None]
    return tuple(pairs)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` asks for, whether it names them or a date."""
    named = headers.get("Retry-After", "").strip()
    if named.isascii() and named.isdecimal():
        return float(named)
    try:
        moment = parsedate_to_datetime(named)
    except (TypeError, ValueError):
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds()) if moment.tzinfo else None


def _is_used_up(headers: Mapping[str, str]) -> bool:
    """Tell a refusal for asking too often from one for lack of rights: some sources answer 403 to both."""
    return "Retry-After" in headers or headers.get("X-RateLimit-Remaining") == "0"


def _at(request: HttpRequest, url: str) -> HttpRequest:
    """Return a request for a URL that has its own parameters."""
    return HttpRequest(request.method, url, (), request.headers, request.body)


def _with(request: HttpRequest, params: Mapping[str, Any]) -> HttpRequest:
    kept = tuple(pair for pair in request.params if pair[0] not in params)
    return HttpRequest(request.method, request.url, (*kept, *_spelled(params)), request.headers, request.body)


def _dig(body: Any, key: str) -> Any:
    for part in key.split("."):
        if not isinstance(body, dict):
            return None
        body = body.get(part)
    return body
