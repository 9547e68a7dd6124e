"""What is wrong with a payload, in words: each with its path, none with the value, which may be anything."""

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from levada._ingest import RecordError
from levada._nearest import did_you_mean
from levada.contracts._base import Contract


def record_errors(error: ValidationError, contract: type[Contract]) -> list[RecordError]:
    """Return what pydantic found, as an author reads it."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [_described(one["type"], one["loc"], one["msg"], contract) for one in found]


def _described(kind: str, place: Sequence[int | str], message: str, contract: type[Contract]) -> RecordError:
    path = _path(place)
    if kind == "extra_forbidden":
        known = _fields_at(contract, place[:-1])
        return RecordError(path, kind, f"there is no such field; {did_you_mean(str(place[-1]), known)}")
    if kind == "missing":
        return RecordError(path, kind, "the field is required")
    return RecordError(path, kind, message)


def _path(place: Sequence[int | str]) -> str:
    path = ""
    for part in place:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _fields_at(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """Return the fields of the model that stands at a place inside another."""
    current: type[BaseModel] | None = model
    for part in place:
        if isinstance(part, str) and current is not None and part in current.model_fields:
            current = _model_in(current.model_fields[part].annotation)
    return list(current.model_fields) if current else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
