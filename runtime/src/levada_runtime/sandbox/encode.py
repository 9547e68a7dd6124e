"""Records to JSON bytes at orjson's speed, by the SDK's strict rules: where they differ its own encoder decides."""

from dataclasses import fields, is_dataclass
from decimal import Decimal
from math import isfinite
from typing import Any

import orjson
from pydantic import BaseModel

from levada._encoding import encode_json

_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS
_LARGE = 64 << 10
_PLAIN = (str, int, bool, type(None))


def encode_record(payload: object) -> bytes:
    """Return the payload as JSON bytes, or raise NotJson with the path of what is not JSON."""
    try:
        written = orjson.dumps(payload, _fallback, _OPTIONS)
    except (TypeError, ValueError, RecursionError):
        return encode_json(payload)
    # orjson writes NaN and infinities as null without a word.
    if b"null" in written and not _is_finite(payload):
        return encode_json(payload)
    # orjson reserves eight times the length of a text and keeps it: large ones would use the address space up unseen.
    return written if len(written) < _LARGE else bytes(memoryview(written))


def _fallback(value: Any) -> object:
    if isinstance(value, Decimal) and value.is_finite():
        return f"{value:f}"
    if isinstance(value, BaseModel):
        return value.model_dump(mode="python", exclude_unset=True)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(type(value).__name__)


def _is_finite(value: object) -> bool:
    """Whether this holds no float that JSON lacks; False too where only the SDK's encoder can tell."""
    kind = type(value)
    if kind in _PLAIN:
        return True
    if kind is float:
        return isfinite(value)  # type: ignore[arg-type]  # Its type is float.
    if kind is dict:
        return all(_is_finite(item) for item in value.values())  # type: ignore[attr-defined]  # Its type is dict.
    if kind is list or kind is tuple:
        return all(_is_finite(item) for item in value)  # type: ignore[attr-defined]  # Its type is list or tuple.
    return False
