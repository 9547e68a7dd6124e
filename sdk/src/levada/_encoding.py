"""Values as strict JSON, refused with the path of what cannot be carried exactly; and JSON as values again."""

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import from_json

from levada.errors import NotJson

LARGEST = 2**64 - 1
SMALLEST = -(2**63)
DEEPEST = 200

_write = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def encode_json(payload: object) -> bytes:
    """Write a payload as JSON bytes, or raise `NotJson` with the path of the first value JSON cannot carry.

    Mappings, lists, tuples, contracts and records, dataclasses, decimals (as strings), dates and times (ISO 8601),
    UUIDs and enums are accepted. NaN, infinities, lone surrogates, integers beyond 64 bits, bytes, sets and keys that
    are not strings are not.
    """
    return _write(plain(payload)).encode()


def decode_json(data: bytes) -> Any:
    """Read JSON to what `json.loads` makes of it. Raises ValueError, or RecursionError, where that does.

    pydantic's reader takes half the time and knows only UTF-8, no half of a surrogate pair and fewer levels: what it
    does not read is left to the standard library.
    """
    try:
        return from_json(data, cache_strings="keys")
    except ValueError:
        return json.loads(data)


def plain(value: object, path: str = "", depth: int = 0) -> object:
    """Turn a value into dicts, lists, strings, numbers, booleans and None, or raise `NotJson`."""
    rule = _RULES.get(type(value)) or _rule_for(value)
    if rule is None:
        raise NotJson(path, _refused(value, path))
    if depth > DEEPEST:
        raise NotJson(path, f"{_at(path)} is nested deeper than {DEEPEST} levels")
    return rule(value, path, depth)


Flaw = tuple[tuple[int | str, ...], str]
"""Where in a value something is wrong, and what."""


def flaw_of(value: object, depth: int = 0) -> Flaw | None:
    """Return the first number in parsed JSON that cannot be carried exactly; None without any."""
    kind = type(value)
    if depth > DEEPEST:
        return (), f"is nested deeper than {DEEPEST} levels"
    if kind is dict:
        return _first_flaw(value.items(), depth)  # type: ignore[attr-defined]  # its type is dict
    if kind is list:
        return _first_flaw(enumerate(value), depth)  # type: ignore[arg-type]  # its type is list
    if kind is float and not math.isfinite(value):  # type: ignore[arg-type]  # its type is float
        return (), "is NaN, infinite or too large a number, which JSON cannot carry: leave it out"
    if kind is int and not SMALLEST <= value <= LARGEST:  # type: ignore[operator]  # its type is int
        return (), "is an integer beyond 64 bits: send it as a string"
    return None


def _first_flaw(items: Iterable[tuple[int | str, object]], depth: int) -> Flaw | None:
    for place, item in items:
        if type(item) is not str and (flaw := flaw_of(item, depth + 1)) is not None:
            return (place, *flaw[0]), flaw[1]
    return None


def _same(value: object, _path: str, _depth: int) -> object:
    return value


def _text(value: str, path: str, _depth: int) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise NotJson(path, f"{_at(path)} holds a lone surrogate, which UTF-8 cannot carry") from None
    return str(value)


def _whole(value: int, path: str, _depth: int) -> int:
    if not SMALLEST <= value <= LARGEST:
        raise NotJson(path, f"{_at(path)} is an integer beyond 64 bits: send it as a string")
    return int(value)


def _real(value: float, path: str, _depth: int) -> float:
    if not math.isfinite(value):
        raise NotJson(path, f"{_at(path)} is {value}, which JSON cannot carry: leave the field out")
    return float(value)


def _decimal(value: Decimal, path: str, _depth: int) -> str:
    if not value.is_finite():
        raise NotJson(path, f"{_at(path)} is {value}, which JSON cannot carry: leave the field out")
    return f"{value:f}"


def _moment(value: date | time, _path: str, _depth: int) -> str:
    return value.isoformat()


def _enum(value: Enum, path: str, depth: int) -> object:
    return plain(value.value, path, depth + 1)


def _uuid(value: UUID, _path: str, _depth: int) -> str:
    return str(value)


def _mapping(value: Mapping[object, object], path: str, depth: int) -> dict[str, object]:
    written: dict[str, object] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise NotJson(path, f"{_at(path)} has a key of type {type(key).__name__}: JSON keys are strings")
        name = _text(key, path, depth)
        written[name] = plain(item, f"{path}.{name}" if path else name, depth + 1)
    return written


def _sequence(value: list[object] | tuple[object, ...], path: str, depth: int) -> list[object]:
    return [plain(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]


def _model(value: BaseModel, path: str, depth: int) -> object:
    return plain(value.model_dump(mode="python", exclude_unset=True), path, depth)


def _dataclass(value: Any, path: str, depth: int) -> object:
    fields = dataclasses.fields(value)
    return _mapping({field.name: getattr(value, field.name) for field in fields}, path, depth)


def _at(path: str) -> str:
    return path or "the value"


def _refused(value: object, path: str) -> str:
    kind = type(value).__name__
    way_out = {"bytes": "decode it to text", "set": "make it a list", "frozenset": "make it a list"}.get(kind)
    return f"{_at(path)} is of type {kind}, which JSON cannot carry" + (f": {way_out}" if way_out else "")


_Rule = Callable[[Any, str, int], object]
_RULES: dict[type, _Rule] = {  # by exact type: nearly every value is found here at once
    str: _text,
    int: _whole,
    float: _real,
    bool: _same,
    type(None): _same,
    dict: _mapping,
    list: _sequence,
    tuple: _sequence,
}
_KINDS: tuple[tuple[type, _Rule], ...] = (
    (Enum, _enum),  # before str and int, which an enum may also be
    (BaseModel, _model),
    (Mapping, _mapping),
    (list, _sequence),
    (tuple, _sequence),
    (str, _text),
    (int, _whole),
    (float, _real),
    (Decimal, _decimal),
    (datetime, _moment),
    (date, _moment),
    (time, _moment),
    (UUID, _uuid),
)


def _rule_for(value: object) -> _Rule | None:
    for kind, rule in _KINDS:
        if isinstance(value, kind):
            return rule
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _dataclass
    return None
