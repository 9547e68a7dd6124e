"""Payloads that no contract takes, by their crime: made from a seed, so that each is made again.

A crime is a function of a random generator and a full payload; it returns what is handed over instead, a value or raw
bytes, and the reason it has to be refused for. What its bytes do not say is said by `Handed`.
"""

import json
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from tests.payloads import FULL, SMALLEST

from levada.contracts import CONTRACTS

INVALID, NOT_JSON, TOO_LARGE, KEYLESS = (
    "validation_failed", "not_json", "payload_too_large", "idempotency_key_missing",
)  # fmt: skip
MEGABYTES = 10 << 20
Payload = dict[str, Any]
Crime = Callable[[random.Random, Payload, str], tuple[Any, str]]
ODD_NAMES = (
    "plain", "\x00", "\x1b[31m", "\u202eflipped", "\ufeff", "e\u0301", "\U0001f4a9", "'; DROP TABLE documents; --",
)  # fmt: skip
NO_MONEY = (
    "NaN", "1e400", "Infinity", "1,000.00", "1_000", "0x10", "--1", "+1", " 1", "1\n", "", "1.", ".5", "1" * 400,
    "\uff11\uff12.\uff15\uff10", "\u0663", "1\u066b5", "\u22125", "1\u200b", "1\x00",
)  # fmt: skip
NO_DAYS = (
    "2026-02-30", "20260101", "01/02/2026", "2026-1-1", "0000-01-01", "2026-01-01T00:00:00Z", "", 20454,
    "\uff12\uff10\uff12\uff16-\uff10\uff11-\uff10\uff11",
)  # fmt: skip
NO_MOMENTS = (
    "2026-01-01T12:00:00", "2026-01-01", "1767225600", 1767225600, "9999-12-31T23:59:59-14:00", "now", "",
    "0001-01-01T00:00:00+14:00", "2026-13-01T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T12:00:00+99:00",
)  # fmt: skip
NO_WORDS = ("", "OPEN", "\uff4f\uff50\uff45\uff4e", "open ", "eur", "BTC", "ZZZ", "\x00")
NO_TEXTS = (
    rb'"\ud800"', rb'"\udc00x"', b'"\x00"', b'"\n"', b'"\x1f"', b'"\xff\xfe"', rb'"\x41"', b"'a'", rb'"\u12"',
)  # fmt: skip
_CRIMES: dict[str, Crime] = {}
_SELDOM: dict[str, Crime] = {}


@dataclass(frozen=True, slots=True)
class Handed:
    """One payload as it is handed over, with its key; without a crime it is a valid one."""

    document_type: str
    payload: Any
    key: str | None
    crime: str | None = None
    reason: str | None = None


def pages(seed: int, count: int, size: int = 60) -> Iterator[list[Handed]]:
    """Yield pages of one type each that hold `count` crimes altogether, and a valid neighbour for every sixth."""
    rng, made, number = random.Random(seed), 0, 0
    seldom = iter(_SELDOM.items())
    while made < count:
        document_type = sorted(CONTRACTS)[number % len(CONTRACTS)]
        page = []
        for _ in range(min(size, count - made)):
            sentence, commit = next(seldom, None) or rng.choice([*_CRIMES.items()])
            page.append(_hostile(rng, document_type, f"h{made}", sentence, commit))
            made += 1
        page += [_neighbour(rng, document_type, f"n{number}.{at}") for at in range(max(1, len(page) // 6))]
        rng.shuffle(page)
        number += 1
        yield page


def _hostile(rng: random.Random, document_type: str, name: str, sentence: str, commit: Crime) -> Handed:
    payload, reason = commit(rng, _valid(rng, document_type, name), document_type)
    return Handed(document_type, payload, None if reason == KEYLESS else name, sentence, reason)


def _neighbour(rng: random.Random, document_type: str, name: str) -> Handed:
    payload = _valid(rng, document_type, name)
    odd = [*ODD_NAMES, 2**64 - 1, -0.0, 5e-324, None, [[[]]], {"": {}}]
    payload["metadata"] = {rng.choice(ODD_NAMES): rng.choice(odd)}
    return Handed(document_type, rng.choice([payload, json.dumps(payload).encode()]), name)


def _valid(rng: random.Random, document_type: str, name: str) -> Payload:
    payload = json.loads(json.dumps(rng.choice([FULL, SMALLEST])[document_type]))
    payload.pop("connection_id", None)
    payload[CONTRACTS[document_type].identity_field] = name
    return payload  # type: ignore[no-any-return]  # it was a payload before it was JSON


def crime(commit: Crime) -> Crime:
    """Enter a crime under its sentence."""
    _CRIMES[(commit.__doc__ or "").rstrip(".")] = commit
    return commit


def seldom(commit: Crime) -> Crime:
    """Enter a crime that is dear: committed once."""
    _SELDOM[(commit.__doc__ or "").rstrip(".")] = commit
    return commit


@cache
def _fields(document_type: str, *kinds: str) -> list[str]:
    """Return the fields whose description holds one of these words."""
    return [name for name, field in _described(document_type).items() if any(kind in field for kind in kinds)]


@cache
def _described(document_type: str) -> dict[str, str]:
    described = CONTRACTS[document_type].model_json_schema()["properties"]
    return {name: json.dumps(field) for name, field in described.items()}


_TEXT = '"type": "string"'
_MONEY, _DAY, _MOMENT, _ENUM = "[0-9]{1,18}", '"format": "date"', "date-time", '"enum"'


def _somewhere(rng: random.Random, payload: Payload, document_type: str, kinds: tuple[str, ...], value: Any) -> Payload:
    """Put a value into a field of one of these kinds, else into one that every type has."""
    names = _fields(document_type, *kinds) or ["source_id"]
    return {**payload, rng.choice(names): value}


@crime
def wrong_type(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """A value of another type than the field's."""
    name = rng.choice([*CONTRACTS[kind].model_fields])
    described = _described(kind)[name]
    wrongs = [7, -1, 1.5, [], [[[]]]] if '"boolean"' not in described else [7, 1.5, "yes", "true"]
    wrongs = ["text", 7, [1]] if name == "metadata" else [7, 1.5, "text"] if '"array"' in described else wrongs
    return {**payload, name: rng.choice(wrongs)}, INVALID


@crime
def boolean_for_text(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """A boolean for a text."""
    return _somewhere(rng, payload, kind, (_TEXT,), rng.choice([True, False])), INVALID


@crime
def float_for_money(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """A number for money."""
    return _somewhere(rng, payload, kind, (_MONEY,), rng.choice([0.1, 12.5, 0, -3, 1e22])), INVALID


@crime
def no_money(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """A text that is no money."""
    names = _fields(kind, _MONEY)
    return {**payload, **({rng.choice(names): rng.choice(NO_MONEY)} if names else {"source_id": 5})}, INVALID


@crime
def bad_day(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """A day that is none."""
    names = [name for name in _fields(kind, _DAY) if name != "line_items"]
    return {**payload, **({rng.choice(names): rng.choice(NO_DAYS)} if names else {"source_id": 5})}, INVALID


@crime
def bad_moment(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """A moment that is none."""
    names = _fields(kind, _MOMENT) or ["metadata"]
    return {**payload, rng.choice(names): rng.choice(NO_MOMENTS)}, INVALID


@crime
def wrong_word(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """A word that an enumeration does not have."""
    return _somewhere(rng, payload, kind, (_ENUM,), rng.choice(NO_WORDS)), INVALID


@crime
def unknown_field(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """A field that there is not."""
    odd = ["", "__proto__", "__class__", "nmae", "\x00", "a.b[0]", "\u202e", "x" * 5_000, "Source_id", "metadata "]
    return {**payload, rng.choice(odd): rng.choice([None, 1, "x", {}, {"a": [None]}])}, INVALID


@crime
def many_unknown_fields(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """More unknown fields than anybody would tell one by one."""
    return {**payload, **{f"f{at}": None for at in range(rng.randrange(60, 300))}}, INVALID


@crime
def missing(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """A required field that is not there, is null, or is empty."""
    name = rng.choice(list(SMALLEST[kind]))
    rest = {one: value for one, value in payload.items() if one != name}
    return rng.choice([rest, {**rest, name: None}, {**rest, name: ""}]), INVALID


@crime
def nested_nulls(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """Nulls and emptiness where parts are."""
    names = _fields(kind, '"$ref"') or [rng.choice(list(SMALLEST[kind]))]
    odd = [[None], [[None]], {"": None}, {"line1": {"a": None}}, [{"amount": {"a": None}}], [{}, None, {"x": {}}]]
    return {**payload, rng.choice(names): rng.choice(odd)}, INVALID


@crime
def no_object(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """No object at all."""
    return rng.choice([None, True, 5, 1.5, "text", "", [], [payload], json.dumps(payload)]), INVALID


@crime
def of_another(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """A record that says it is another connection's."""
    return {**payload, "connection_id": rng.choice(["other", "", "../..", "REST"])}, INVALID


@crime
def unbalanced(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """An entry that does not balance, or lines that are none."""
    if kind != "journal_entry":
        name = rng.choice(["line_items", "lines", "allocations"])
        return {**payload, name: [{"amount": "1"}, "x", 5]}, INVALID
    one, other = rng.choice([("1", "1.000000001"), ("9" * 18, "9" * 17), ("-1", "1"), ("0.1", "0.10000001")])
    return {**payload, "lines": [{"account_code": "1", "debit": one}, {"account_code": "2", "credit": other}]}, INVALID


@crime
def unreadable_identity(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """An identity that no index could keep."""
    odd = rng.choice(["a\x00b", "\x00", "k" * 3_000, "\u6f22" * 1_000])
    return {**payload, CONTRACTS[kind].identity_field: odd}, INVALID


@crime
def no_number(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """A number that JSON cannot carry, in what is free."""
    odd: Any = rng.choice([math.nan, math.inf, -math.inf, Decimal("NaN"), 2**64, -(2**63) - 1, 10**4_000])
    where = rng.choice([{"a": odd}, {"a": [1, {"b": odd}]}, {"": {"": odd}}])
    return {**payload, "metadata": where}, NOT_JSON


@crime
def no_json_value(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """A value that JSON does not have."""
    odd: Any = rng.choice([b"bytes", {1, 2}, object(), 1j, range(3), {1: "a"}, {None: "a"}, lambda: None])
    return {**payload, rng.choice(["metadata", "source_id"]): {"a": [odd]}}, NOT_JSON


@crime
def lone_surrogate(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """Half a character."""
    return {**payload, "metadata": rng.choice([{"a": "x\ud800"}, {"\udfff": 1}, {"a": [{"b": "\udc00"}]}])}, NOT_JSON


@crime
def too_deep(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """Nesting that no parser follows."""
    nested: Any = 1
    for _ in range(rng.choice([201, 300, 900])):
        nested = rng.choice([[nested], {"a": nested}])
    return {**payload, "metadata": {"a": nested}}, NOT_JSON


@crime
def raw_number(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """Raw bytes with a number that only a lenient parser takes."""
    odd = rng.choice([b"NaN", b"1e400", b"-Infinity", b"Infinity", b"1" + b"0" * 30, b"9" * 5_000, b"-1e999"])
    return _with_metadata(payload, b'{"a": [' + odd + b"]}"), NOT_JSON


@crime
def raw_text(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """Raw bytes with a text that is none."""
    return _with_metadata(payload, b'{"a": ' + rng.choice(NO_TEXTS) + b"}"), NOT_JSON


@crime
def raw_structure(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """Raw bytes that are no JSON, or several."""
    whole = json.dumps(payload).encode()
    odd = [b"", b" ", b"{", b"]", b"},{", b"[" * 100_000, b'{"a":' * 50_000, b"\x00" * 100, b"<xml/>"]
    odd += [whole[:-1], whole[1:], whole + b",", whole + whole, whole + b"," + whole, b"\xef\xbb\xbf" + whole]
    odd += [whole.replace(b":", b"=", 1), whole[: len(whole) // 2]]
    return rng.choice(odd), NOT_JSON


@crime
def keyless(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """A record without its key."""
    return payload, KEYLESS


@seldom
def long_text(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """A text of ten megabytes."""
    return {**payload, "metadata": {"a": "x" * MEGABYTES}}, TOO_LARGE


@seldom
def long_money(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """Ten megabytes of digits."""
    return {**payload, "amount": "1" * MEGABYTES}, TOO_LARGE


@seldom
def long_name(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """A field whose name has three megabytes."""
    return {**payload, "n" * (3 << 20): 1}, INVALID


@seldom
def long_name_of_nothing(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """A field whose name has three megabytes, and whose value is no JSON."""
    return {**payload, "metadata": {"n" * (3 << 20): math.nan}}, NOT_JSON


@seldom
def wide(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """Three megabytes of unknown fields."""
    return {**payload, **{f"{at:x}": 1 for at in range(300_000)}}, INVALID


@seldom
def long_list(rng: random.Random, payload: Payload, kind: str) -> tuple[Any, str]:
    """A million items that are none."""
    return {**payload, "metadata": [1] * 1_000_000}, INVALID


def _with_metadata(payload: Payload, written: bytes) -> bytes:
    rest = {name: value for name, value in payload.items() if name != "metadata"}
    return json.dumps(rest).encode()[:-1] + b', "metadata": ' + written + b"}"
