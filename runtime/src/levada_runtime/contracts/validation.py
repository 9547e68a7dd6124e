"""Whether payloads fit their contract, a whole batch at a time.

The records' own JSON bytes are joined into one array, so that parsing and checking happen in one call of pydantic's
core; only when some record is not JSON at all, or a great deal is wrong, is each looked at by itself.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter, ValidationError

from levada import NotJson, RecordError
from levada._encoding import encode_json
from levada.contracts import Contract, record_errors
from levada_runtime.foundation.text import legible

_MOST_ERRORS = 20_000
"""Above this the errors of a batch are told record by record, so that they are never all in memory at once."""
_LONGEST_PATH = 500
_NAMED = 10
"""How many errors the sentence about a record names; all that are kept stand beside it."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """What is wrong with one payload."""

    reason: str
    message: str
    errors: tuple[RecordError, ...]


def validate(contract: type[Contract], payloads: Sequence[bytes]) -> list[Contract | Invalid]:
    """Return a model or what is wrong for every payload, in order."""
    try:
        models = _validate_all(contract, payloads)
    except ValidationError as error:
        failing = _failing(error) if error.error_count() <= _MOST_ERRORS else set()
    else:
        return list(models) if models is not None else _each(contract, payloads)
    good = [payload for index, payload in enumerate(payloads) if index not in failing]
    try:
        models = _validate_all(contract, good) if failing else None
    except ValidationError:
        models = None
    if models is None:
        return _each(contract, payloads)
    rest = iter(models)
    return [
        _validate_one(contract, payload) if index in failing else next(rest) for index, payload in enumerate(payloads)
    ]


def _validate_all(contract: type[Contract], payloads: Sequence[bytes]) -> list[Contract] | None:
    """Return a model for each payload; None when they come to more or fewer values, so that one of them is no JSON.

    Raises ValidationError.
    """
    models = _adapter(contract).validate_json(b"[" + b",".join(payloads) + b"]")
    return models if len(models) == len(payloads) else None


def _each(contract: type[Contract], payloads: Sequence[bytes]) -> list[Contract | Invalid]:
    return [_validate_one(contract, payload) for payload in payloads]


def _validate_one(contract: type[Contract], payload: bytes) -> Contract | Invalid:
    try:
        return contract.model_validate_json(payload)
    except ValidationError as error:
        errors = tuple(record_errors(error, contract))
    if any(item.code == "json_invalid" for item in errors):
        errors = _not_json(payload) or errors
        return Invalid("not_json", _sentence(contract, errors), errors)
    reason = "not_json" if any(item.code == "not_json" for item in errors) else "validation_failed"
    return Invalid(reason, _sentence(contract, errors), errors)


def _not_json(payload: bytes) -> tuple[RecordError, ...]:
    """Return the place of what JSON cannot carry, if a more lenient parser finds one; none where it is no JSON."""
    try:
        encode_json(json.loads(payload))
    except NotJson as error:
        message = error.message.removeprefix(error.path).strip()
        return (RecordError(legible(error.path)[:_LONGEST_PATH], "not_json", message[:_LONGEST_PATH]),)
    except (ValueError, RecursionError):
        return ()
    return ()


def _failing(error: ValidationError) -> set[int]:
    """Return the places of the records that failed; none when the array as a whole was not JSON."""
    places = [item["loc"][:1] for item in error.errors(include_url=False, include_context=False, include_input=False)]
    if not all(place and isinstance(place[0], int) for place in places):
        return set()
    return {int(place[0]) for place in places}


def _sentence(contract: type[Contract], errors: Sequence[RecordError]) -> str:
    named = [f"{item.path}: {item.message}" if item.path else item.message for item in errors[:_NAMED]]
    if len(errors) > _NAMED:
        named.append(f"and {len(errors) - _NAMED} more")
    return f"not a valid {contract.document_type}: {'; '.join(named)}"


@cache
def _adapter(contract: type[Contract]) -> TypeAdapter[list[Contract]]:
    return TypeAdapter(list[contract])  # type: ignore[valid-type]  # the list's item is known only now
