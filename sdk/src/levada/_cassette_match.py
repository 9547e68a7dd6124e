"""When two requests are the same: method, URL with its query as a sorted list, and body. Values in, values out."""

import re
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from levada._http import HttpRequest

MASKED: Final = "***"
"""What stands for a secret in a recording; it matches whatever stands there when the recording is played."""
_IN_PATH: Final = "/%:@!$&'()*+,;=~-._"
_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class RequestKey:
    """A request in its one spelling; `body` is None for a recorded one that was too large to keep, and may be any."""

    method: str
    place: str
    query: tuple[tuple[str, str], ...]
    body: bytes | None

    @classmethod
    def of(cls, method: str, url: str, body: bytes | None = b"") -> "RequestKey":
        """Return the key of a request whose parameters are all in its URL."""
        place, query = _read(url)
        return cls(method.upper(), place, tuple(sorted(query)), body)

    @classmethod
    def asked(cls, request: HttpRequest) -> "RequestKey":
        """Return the key of a request as a route makes it."""
        key = cls.of(request.method, request.url, request.body or b"")
        return replace(key, query=tuple(sorted((*key.query, *request.params))))

    def covers(self, asked: "RequestKey") -> bool:
        """Tell whether this recorded request is the one asked for; a masked secret stands for any.

        A parameter that the route took, masked, from a recorded link may have been a credential: that is in no request.
        """
        bare = replace(asked, query=tuple(pair for pair in asked.query if pair[1] != MASKED))
        return self._covers(asked) or (bare != asked and self._covers(bare))

    def _covers(self, asked: "RequestKey") -> bool:
        if self == asked:
            return True
        return (
            self.method == asked.method
            and _covers(self.place, asked.place)
            and _covers(repr(self.query), repr(asked.query))
            and (self.body is None or _covers(self.body.decode("latin-1"), (asked.body or b"").decode("latin-1")))
        )

    def likeness(self, other: "RequestKey") -> float:
        """Return how alike two requests are, 1 being the same."""
        return SequenceMatcher(None, str(self), str(other)).ratio()

    def __str__(self) -> str:
        query = f"?{urlencode(self.query, errors='replace')}" if self.query else ""
        body = f" with a body of {len(self.body)} bytes" if self.body else ""
        return f"{self.method} {self.place}{query}{body}"


def nearest(asked: RequestKey, held: list[RequestKey]) -> RequestKey | None:
    """Return the request most like the one asked for, if there is any."""
    return max(held, key=asked.likeness, default=None)


def _read(url: str) -> tuple[str, list[tuple[str, str]]]:
    """Return a URL without its query, in one spelling, and the query's pairs; one that no parser reads stays itself."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url, []
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    if port is not None and port != _PORTS.get(parts.scheme):
        host = f"{host}:{port}"
    query = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=None)
    path = quote(parts.path or "/", safe=_IN_PATH, errors="replace")
    return f"{parts.scheme}://{host}{path}", query


def _covers(recorded: str, asked: str) -> bool:
    if MASKED not in recorded:
        return recorded == asked
    pattern = ".*".join(re.escape(part) for part in recorded.split(MASKED))
    return re.fullmatch(pattern, asked, re.DOTALL) is not None
