"""Whether payloads fit their contract, a whole batch at a time.

The records' own JSON bytes are joined into one array, so that parsing and checking happen in one call of pydantic's
core; only when some record is not JSON at all is each looked at by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from pydantic import TypeAdapter, ValidationError

from levada import RecordError
from levada.contracts import Contract, record_errors


@dataclass(frozen=True, slots=True)
class Invalid:
    """What is wrong with one payload."""

    reason: str
    message: str
    errors: tuple[RecordError, ...]


def validate(contract: type[Contract], payloads: Sequence[bytes]) -> list[Contract | Invalid]:
    """Return a model or what is wrong for every payload, in order."""
    try:
        return list(_adapter(contract).validate_json(b"[" + b",".join(payloads) + b"]"))
    except ValidationError as error:
        failing = _failing(error)
    if failing is None:
        return [_validate_one(contract, payload) for payload in payloads]
    good = [payload for index, payload in enumerate(payloads) if index not in failing]
    models = iter(_adapter(contract).validate_json(b"[" + b",".join(good) + b"]"))
    return [
        _validate_one(contract, payload) if index in failing else next(models) for index, payload in enumerate(payloads)
    ]


def _validate_one(contract: type[Contract], payload: bytes) -> Contract | Invalid:
    try:
        return contract.model_validate_json(payload)
    except ValidationError as error:
        errors = tuple(record_errors(error, contract))
    not_json = any(item.code == "json_invalid" for item in errors)
    return Invalid("not_json" if not_json else "validation_failed", _sentence(contract, errors), errors)


def _failing(error: ValidationError) -> set[int] | None:
    """Return the places of the records that failed; None when the array as a whole was not JSON."""
    places = [item["loc"][:1] for item in error.errors(include_url=False, include_context=False, include_input=False)]
    if not all(place and isinstance(place[0], int) for place in places):
        return None
    return {int(place[0]) for place in places}


def _sentence(contract: type[Contract], errors: Sequence[RecordError]) -> str:
    named = "; ".join(f"{item.path}: {item.message}" if item.path else item.message for item in errors)
    return f"not a valid {contract.document_type}: {named}"


@cache
def _adapter(contract: type[Contract]) -> TypeAdapter[list[Contract]]:
    return TypeAdapter(list[contract])  # type: ignore[valid-type]  # the list's item is known only now
