"""Secrets taken out of text, in every spelling they are sent in."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

MASKED: Final = "***"
_ANYWHERE: Final = 4


class Mask:
    """Call it with text to get the text without secrets.

    A secret shorter than four characters is masked where it stands as a word, or it would eat other words.
    """

    def __init__(self, secrets: Iterable[str], pairs: Iterable[tuple[str, str]] = ()) -> None:
        """Take the values to mask, and pairs of user name and password that are sent as one word."""
        spelled = {form for value in secrets if value for form in _spellings(value)}
        spelled |= {form for pair in pairs for form in _encoded(":".join(pair))}
        longest_first = sorted(spelled, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_found, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        return self._pattern.sub(MASKED, text) if self._pattern else text


def _found(spelling: str) -> str:
    escaped = re.escape(spelling)
    return escaped if len(spelling) >= _ANYWHERE else rf"(?<!\w){escaped}(?!\w)"


def _spellings(value: str) -> Iterator[str]:
    yield from (value, value.strip() or value)  # one read from a file may end in a line break that is not sent
    yield from (quote(value, safe="", errors="replace"), quote(value, errors="replace"))
    yield quote_plus(value, errors="replace")
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    yield from _encoded(value)


def _encoded(value: str) -> Iterator[str]:
    raw = value.encode(errors="replace")
    for encoded in (b64encode(raw).decode(), urlsafe_b64encode(raw).decode()):
        yield from (encoded, encoded.rstrip("="))
