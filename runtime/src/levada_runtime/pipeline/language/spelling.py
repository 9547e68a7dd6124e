"""How values are spelt: as the JSON that is sent, and inside a text."""

import json
from typing import Any, Final

import orjson

from levada_runtime.pipeline.language.scope import UNDEFINED
from levada_runtime.pipeline.model import StepFailed

MOST_BODY: Final = 8 * 1024 * 1024


def to_json(value: Any) -> str:
    """Return the value as compact JSON text; undefined is null.

    Raises StepFailed for what JSON in UTF-8 cannot hold.
    """
    try:
        return orjson.dumps(value).decode()
    except (TypeError, ValueError) as error:
        return _large_numbers(value, error)


def to_text(value: Any) -> str:
    """Return the value as it stands inside a text: nothing for null and undefined, else itself or its JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None or value is UNDEFINED else to_json(value)


def check_weight(value: Any, most: int = MOST_BODY) -> None:
    """Raise StepFailed when the value's JSON would be larger than `most` bytes, without writing it."""
    weight, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            weight += sum(len(key) + 3 for key in one)
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        weight += len(one) + 2 if isinstance(one, str) else 2
        if weight > most or len(waiting) > most:
            raise StepFailed(f"the body is larger than {most // 1024 // 1024} MiB")


def _large_numbers(value: Any, error: Exception) -> str:
    # orjson stops at 64 bits; JSON does not.
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        text.encode()
    except (TypeError, ValueError) as failed:
        raise StepFailed(f"the value cannot be written as JSON: {error}") from failed
    return text
