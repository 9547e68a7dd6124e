"""Headers of outbound requests: which a caller may set, and which go along when a redirect leaves the origin."""

import re
from collections.abc import Iterable
from typing import Final

from levada_runtime.outbound.body import ACCEPTED_ENCODINGS
from levada_runtime.outbound.errors import Refused

Headers = tuple[tuple[str, str], ...]

USER_AGENT: Final = "levada"
_MOST_CHARACTERS: Final = 64 << 10
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]*")
_NO_UTF_8 = re.compile(r"[\udc80-\udcff]")
_OF_THE_CONNECTION: Final = frozenset(
    {
        "connection", "content-length", "expect", "host", "keep-alive", "proxy-authenticate", "proxy-authorization",
        "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
_OF_THE_ORIGIN: Final = frozenset({"authorization", "cookie"})
_OF_THE_BODY: Final = frozenset({"content-type", "content-language", "content-location", "content-encoding"})
_OF_THE_TRANSFER: Final = _OF_THE_CONNECTION | {"content-encoding"}


def outgoing(headers: Iterable[tuple[str, str]]) -> Headers:
    """Return the headers to send; which encodings are accepted is ours to say.

    Raises Refused for hop-by-hop headers and for names and values that would not stay in their line.
    """
    given = tuple(headers)
    check_headers(given)
    kept = without(given, {"accept-encoding"})
    names = {name.lower() for name, _ in kept}
    ours = (("User-Agent", USER_AGENT), ("Accept", "*/*"))
    return (
        *((name, value) for name, value in ours if name.lower() not in names),
        ("Accept-Encoding", ACCEPTED_ENCODINGS),
        *kept,
    )


def check_headers(headers: Iterable[tuple[str, str]]) -> None:
    """Raise Refused for headers that are the connection's own, would not stay in their line, or are too much."""
    size = 0
    for name, value in headers:
        size += len(name) + len(value)
        if size > _MOST_CHARACTERS:
            raise Refused(f"the headers are over {_MOST_CHARACTERS} characters", code="header_too_large")
        check_header(name, value)
        if name.lower() in _OF_THE_CONNECTION:
            raise Refused(f"the header {name} belongs to the connection; leave it out", code="header_hop_by_hop")


def check_header(name: str, value: str) -> None:
    """Raise Refused, without the value, for a header that would not stay in its line."""
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        named = f"the header {name}" if _NAME.fullmatch(name) else "a header"
        raise Refused(f"{named} holds characters a header cannot", code="header_character")


def after_leaving_the_origin(headers: Headers) -> Headers:
    """Return what may go along to another host: no credentials."""
    return without(headers, _OF_THE_ORIGIN)


def after_losing_the_body(headers: Headers) -> Headers:
    """Return what still makes sense when a redirect turns the request into a GET."""
    return without(headers, _OF_THE_BODY)


def incoming(headers: Iterable[tuple[str, str]]) -> Headers:
    """Return an answer's headers, as plain text, without those about its transfer: the body is already unpacked."""
    return without(((str(name), _as_text(str(value))) for name, value in headers), _OF_THE_TRANSFER)


def _as_text(value: str) -> str:
    """Return a value whose bytes are not UTF-8, which the client keeps as half surrogate pairs, read as Latin-1."""
    return value.encode(errors="surrogateescape").decode("latin-1") if _NO_UTF_8.search(value) else value


def without(headers: Iterable[tuple[str, str]], names: Iterable[str]) -> Headers:
    """Return the headers but those of these lower-case names."""
    left_out = frozenset(names)
    return tuple((name, value) for name, value in headers if name.lower() not in left_out)
