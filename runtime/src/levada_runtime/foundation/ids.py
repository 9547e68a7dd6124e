"""Identifiers: 63-bit integers in order of time for rows, and their spelling outside.

A row's id is microseconds since 2024 with eleven bits that are random at first and then count, so that ids made in one
process rise strictly and two processes meet only within one microsecond. Outside, a document's id also carries its
connection's, which is what a router in front of many stores will need.
"""

import secrets
import threading
import time
from functools import lru_cache

_EPOCH_US = 1_704_067_200_000_000
_LOW_BITS = 11
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_WIDTH = 13
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_SHIFTS = range(60, -1, -10)
"""Two letters at a time: fourteen of them, the first of which is always nought."""

_lock = threading.Lock()
_last = 0


def row_ids(count: int) -> range:
    """Return `count` consecutive ids, all above every id this process made before."""
    global _last  # noqa: PLW0603 - one rising counter per process is the point
    fresh = _now() | secrets.randbits(_LOW_BITS)
    with _lock:
        first = max(fresh, _last + 1)
        _last = first + count - 1
    return range(first, first + count)


def row_id() -> int:
    """Return one fresh id."""
    return row_ids(1)[0]


def stay_above(there: int | None) -> None:
    """Make every id from now on above one that is there already, even if the clock is behind the one that made it.

    It goes on from up to a second later, so that two processes that have to do so hardly meet.
    """
    global _last  # noqa: PLW0603 - the same counter
    if there is not None and there >= max(_last, _now()):
        with _lock:
            _last = max(_last, there + (secrets.randbelow(1_000_000) << _LOW_BITS))


def _now() -> int:
    return (time.time_ns() // 1000 - _EPOCH_US) << _LOW_BITS


def new_uuid() -> str:
    """Return a fresh UUID in order of time (version 7), for ids that people see."""
    return new_uuids(1)[0]


def new_uuids(count: int) -> list[str]:
    """Return fresh UUIDs, all of one moment."""
    moment, drawn = f"{time.time_ns() // 1_000_000:012x}", secrets.token_hex(10 * count)
    begin = f"{moment[:8]}-{moment[8:]}-7"
    return [
        f"{begin}{drawn[at : at + 3]}-{_VARIANT[drawn[at + 3]]}{drawn[at + 4 : at + 7]}-{drawn[at + 7 : at + 19]}"
        for at in range(0, 20 * count, 20)
    ]


def spell_document(connection_id: int, document_id: int) -> str:
    """Spell a document's id as the outside sees it."""
    return f"doc_{_spell_often(connection_id)}{_spell(document_id)}"


def spell_version(document: str, version: int) -> str:
    """Spell the id of one version of a document, whose own is spelt already."""
    return f"{document}.v{version}"


def read_document(text: str) -> tuple[int, int] | None:
    """Read `(connection_id, document_id)` out of a document's id, or None if it is not one."""
    return _read_pair("doc_", text)


def spell_event(connection_id: int, event_id: int) -> str:
    """Spell an event's id as the outside sees it."""
    return f"evt_{_spell(connection_id)}{_spell(event_id)}"


def read_event(text: str) -> tuple[int, int] | None:
    """Read `(connection_id, event_id)` out of an event's id, or None if it is not one."""
    return _read_pair("evt_", text)


def spell_delivery(connection_id: int, delivery_id: int) -> str:
    """Spell a delivery's id, which receivers see as their `webhook-id`."""
    return f"msg_{_spell(connection_id)}{_spell(delivery_id)}"


def read_delivery(text: str) -> tuple[int, int] | None:
    """Read `(connection_id, delivery_id)` out of a delivery's id, or None if it is not one."""
    return _read_pair("msg_", text)


def _read_pair(prefix: str, text: str) -> tuple[int, int] | None:
    letters = text.removeprefix(prefix)
    if not text.startswith(prefix) or len(letters) != 2 * _WIDTH or not set(letters) <= set(_ALPHABET):
        return None
    pair = _read(letters[:_WIDTH]), _read(letters[_WIDTH:])
    return pair if max(pair) < 1 << 63 else None


def _spell(number: int) -> str:
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])[1:]


_spell_often = lru_cache(maxsize=256)(_spell)
"""For a connection's id, which thousands of documents begin with."""


def _read(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number << 5 | _VALUES[letter]
    return number
