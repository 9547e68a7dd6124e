"""What is wrong with a payload, in words: each with its path, none with the value, which may be anything.

However much is wrong with a record, what is said of it stays short enough to be kept and read.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from levada._ingest import RecordError
from levada._nearest import did_you_mean
from levada.contracts._base import Contract

MOST_ERRORS = 25
"""How many things that are wrong with one record are told; the others are counted."""
_LONGEST_NAME = 80


def record_errors(error: ValidationError, contract: type[Contract]) -> list[RecordError]:
    """Return what pydantic found, as an author reads it: of a great many the first, and how many more there are."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    told = [_described(one["type"], one["loc"], one["msg"], contract) for one in found[:MOST_ERRORS]]
    if len(found) > MOST_ERRORS:
        more = f"{len(found) - MOST_ERRORS} more things are wrong with this record"
        told.append(RecordError(told[-1].path, "too_many_errors", more))
    return told


def _described(kind: str, place: Sequence[int | str], message: str, contract: type[Contract]) -> RecordError:
    path = spell_place(place)
    if kind == "extra_forbidden":
        known = tuple(_fields_at(contract, place[:-1]))
        return RecordError(path, kind, f"there is no such field; {_meant(_legible(str(place[-1])), known)}")
    if kind == "missing":
        return RecordError(path, kind, "the field is required")
    return RecordError(path, kind, message)


@lru_cache(maxsize=1024)
def _meant(name: str, known: tuple[str, ...]) -> str:
    """Say which field was meant; remembered, since a source that misspells one does so in every record."""
    return did_you_mean(name, known)


def spell_place(place: Sequence[int | str]) -> str:
    """Spell a place in a record, `line_items[3].amount`; names that are not the contract's own may be anything."""
    path = ""
    for part in place:
        path += f"[{part}]" if isinstance(part, int) else f".{_legible(part)}" if path else _legible(part)
    return path


def _legible(name: str) -> str:
    short = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
    return short if short and short.isprintable() else ascii(short)[1:-1] or "''"


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
