"""Addresses with values of events in them, where no value can lead anywhere else than the author meant.

A value that stands at the very beginning of an address is the address, or its beginning, as it is. Any other is
percent-encoded, so it stays within its segment; and an address with a hole in it is none.
"""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, urlsplit

from levada_runtime.pipeline.language.nodes import Literal, Node
from levada_runtime.pipeline.language.nodes import Text as TextNode
from levada_runtime.pipeline.language.scope import Scope
from levada_runtime.pipeline.language.spelling import to_text
from levada_runtime.pipeline.model import StepFailed

MOST_URL: Final = 4_096
MOST_SEGMENT: Final = 200

_UNFIT: Final = re.compile(r"[\x00-\x20\x7f\\]")
_HOST: Final = re.compile(r"[^%@/?#\s]+")
_DOTS: Final = re.compile(r"\.{1,2}|(%2e|\.)(%2e|\.)?", re.IGNORECASE)


def pieces_of(node: Node) -> tuple[Node, ...]:
    """Return the texts and references that a text is made of."""
    return node.pieces if isinstance(node, TextNode) else (node,)


def written(node: Node, scope: Scope, safe: str = "", *, verbatim: bool = True) -> str:
    """Return the text with its values percent-encoded, but for one at its beginning when that may stand verbatim.

    Raises StepFailed for a value that is not there or empty.
    """
    return "".join(_written(pieces_of(node), scope, safe, verbatim=verbatim))


def url_problem(url: str) -> str | None:
    """Return why this is no address to send to, None when it is one."""
    if len(url) > MOST_URL:
        return f"an address has at most {MOST_URL} characters"
    if _UNFIT.search(url):
        return "an address holds no spaces, control characters or backslashes"
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError as error:
        return f"this is no address: {error}"
    if parts.scheme not in {"http", "https"}:
        return "an address begins with https:// or http://"
    if "@" in parts.netloc:
        return "an address holds no user name or password; use `auth`"
    if not parts.hostname or not port_fits or not _HOST.fullmatch(parts.netloc):
        return "this address has no usable host"
    return "an address has no '.' or '..' between its slashes" if _has_dots(parts.path) else None


def path_problem(path: str) -> str | None:
    """Return why this is no path of a file within the operator's folder, None when it is one."""
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return "a path is relative to the folder for files"
    if _UNFIT.search(path.replace(" ", "")):
        return "a path holds no control characters or backslashes"
    segments = path.split("/")
    if not all(segments) or _has_dots(path):
        return "a path has no empty, '.' or '..' parts"
    if any(len(segment.encode()) > MOST_SEGMENT for segment in segments) or len(path) > MOST_URL:
        return f"the parts of a path have at most {MOST_SEGMENT} bytes"
    return None


def _written(pieces: tuple[Node, ...], scope: Scope, safe: str, *, verbatim: bool) -> Iterator[str]:
    for index, piece in enumerate(pieces):
        text = to_text(piece.value(scope))
        if not text:
            raise StepFailed(f"{piece} is not there or empty")
        yield text if isinstance(piece, Literal) or (verbatim and index == 0) else quote(text, safe=safe)


def _has_dots(path: str) -> bool:
    return any(_DOTS.fullmatch(segment) for segment in path.split("/"))
