"""Secrets taken out of text and bytes, in every spelling that they are sent, escaped or logged in.

What code on the other side of the wall does to a secret it was given (reverse it, encrypt it) is beyond any mask.
"""

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote, quote_plus

MASKED: Final = "***"
_ANYWHERE: Final = 4
_UNMISTAKABLE: Final = 8
_SAFE_IN_URLS: Final = ("", "/", "/%:@!$&'()*+,;=~-._", "/%:@!$&'()*+,;=~-._?")
"""What URLs are spelled with here: percent signs for everything, for all but slashes, or as little as can be."""


class Mask:
    """Call it with text to get the text without secrets.

    A spelling shorter than four characters is masked where it stands as a word, or it would eat other words; one of
    eight or more in upper and lower case alike, since hosts, headers and hexadecimal digits change theirs.
    """

    def __init__(
        self, secrets: Iterable[str], pairs: Iterable[tuple[str, str]] = (), *, masked: str = MASKED, least: int = 0
    ) -> None:
        """Take the values to mask, and pairs of user name and password that are sent as one word.

        `masked` stands in their place. Spellings shorter than `least` are not looked for at all.
        """
        spelled = {form for value in secrets if value for form in spellings(value)}
        spelled |= {form for pair in pairs for form in _encoded(":".join(pair))}
        self._masked = masked
        self._bytes: re.Pattern[bytes] | None
        self._read(sorted((form for form in spelled if len(form) >= least), key=len, reverse=True))

    def learn(self, secrets: Iterable[str]) -> None:
        """Mask these values, too, from now on."""
        fresh = {form for value in secrets if value for form in spellings(value)} - set(self._forms)
        if fresh:
            self._read(sorted({*self._forms, *fresh}, key=len, reverse=True))

    def _read(self, longest_first: list[str]) -> None:
        self._bytes = None
        self._long: Mask | None = None
        self._forms = longest_first
        self._text = re.compile("|".join(map(_found, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        return self._text.sub(self._masked, text) if self._text else text

    def bytes(self, data: bytes) -> bytes:
        """Return bytes, a body say, without secrets."""
        if not self._forms:
            return data
        if self._bytes is None:
            forms = (form.encode(errors="replace") for form in self._forms)
            self._bytes = re.compile(b"|".join(_found_in_bytes(form) for form in forms))
        return self._bytes.sub(self._masked.encode(), data)

    @property
    def unmistakable(self) -> "Mask":
        """The same for spellings of eight characters and more: in data a shorter one may be anything."""
        if self._long is None:
            other = Mask((), masked=self._masked)
            other._read([form for form in self._forms if len(form) >= _UNMISTAKABLE])
            self._long = other
        return self._long

    def value(self, value: Any) -> Any:
        """Return a value as JSON has them without secrets, in keys too."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, dict):
            return {self(str(key)): self.value(item) for key, item in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, bytes):
            return [self.value(item) for item in value]
        return value


def spellings(value: str) -> Iterator[str]:
    """Yield every spelling of a secret that is looked for."""
    bare = value.strip() or value  # one read from a file may end in a line break that is not sent
    yield from (value, bare, *_lines(value))
    for text in {value, bare}:
        yield from (quote(text, safe=safe, errors="replace") for safe in _SAFE_IN_URLS)
        yield quote_plus(text, errors="replace")
        plain = json.dumps(text, ensure_ascii=False)[1:-1]
        yield from (json.dumps(text)[1:-1], plain, plain.replace("/", "\\/"), repr(text)[1:-1])
        yield from (html.escape(text), html.escape(text, quote=False))
        yield text.encode(errors="replace").hex()
        yield from _encoded(text)


def _lines(value: str) -> list[str]:
    """Return the lines of a secret that has several, such as a key in PEM: each is a secret."""
    lines = [line.strip() for line in value.splitlines()]
    return [line for line in lines if len(line) >= _UNMISTAKABLE] if len(lines) > 1 else []


def _encoded(value: str) -> Iterator[str]:
    """Yield a value in base64: alone, and as it looks behind one or two other bytes."""
    raw = value.encode(errors="replace")
    for encode in (b64encode, urlsafe_b64encode):
        alone = encode(raw).decode()
        yield from (alone, alone.rstrip("="))
        for before in range(3):
            core = encode(bytes(before) + raw).decode()[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
            if len(core) >= _UNMISTAKABLE:
                yield core


def _found(form: str) -> str:
    escaped = re.escape(form)
    if len(form) < _ANYWHERE:
        return rf"(?<!\w){escaped}(?!\w)"
    return escaped if len(form) < _UNMISTAKABLE else f"(?i:{escaped})"


def _found_in_bytes(form: bytes) -> bytes:
    escaped = re.escape(form)
    if len(form) < _ANYWHERE:
        return rb"(?<!\w)" + escaped + rb"(?!\w)"
    return escaped if len(form) < _UNMISTAKABLE else b"(?i:" + escaped + b")"
