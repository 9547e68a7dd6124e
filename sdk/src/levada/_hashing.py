"""The normal form of a valid payload and its hash: one spelling for decimals, moments and the order of keys.

`{"amount": "5.0"}` and `{"amount": "5.00"}` are one payload; the stored payload keeps the spelling that came first.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import to_json

from levada.contracts._base import Contract, Money, fields_of

Normal = dict[str, Any]


def stored_payload(model: Contract) -> str:
    """Return a payload as it is stored: defaults applied, nothing that is None, every spelling as it was given."""
    return model.__pydantic_serializer__.to_json(model, exclude_none=True).decode()


def normal_form(model: Contract) -> Normal:
    """Return the form that is hashed."""
    dumped: Normal = model.__pydantic_serializer__.to_python(model, mode="json", exclude_none=True)
    return _normaliser(type(model))(dumped)


def canonical_json(value: object) -> bytes:
    """Return compact JSON in UTF-8; the normal form has brought its keys into order."""
    return to_json(value)


def payload_hash(model: Contract) -> str:
    """Return the SHA-256 of a payload's normal form, in hexadecimal digits."""
    return hashlib.sha256(canonical_json(normal_form(model))).hexdigest()


@cache
def _normaliser(model: type[BaseModel]) -> Callable[[Normal], Normal]:
    """Return what brings a dumped model into its normal form; what is to be done was found out once per class."""
    excluded = getattr(model, "hash_exclude", frozenset())
    rules = {name: _rule(model, name) for name in sorted(model.model_fields) if name not in excluded}

    def normalise(dumped: Normal) -> Normal:
        return {
            name: dumped[name] if rule is None else rule(dumped[name]) for name, rule in rules.items() if name in dumped
        }

    return normalise


def _rule(model: type[BaseModel], name: str) -> Callable[[Any], Any] | None:
    annotation = model.model_fields[name].annotation
    if name in fields_of(model, Money):
        return _decimal
    if annotation is datetime or datetime in get_args(annotation):
        return _moment
    part = _part_in(annotation)
    if part is not None:
        normalise = _normaliser(part)
        return lambda value: [normalise(one) for one in value] if isinstance(value, list) else normalise(value)
    return _in_order if name == "metadata" or _holds_mappings(annotation) else None


def _decimal(text: str) -> str:
    whole, _, fraction = text.partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    fraction, digits = fraction.rstrip("0"), digits.lstrip("0") or "0"
    if not fraction and digits == "0":
        return "0"
    return f"{sign}{digits}.{fraction}" if fraction else f"{sign}{digits}"


def _moment(text: str) -> str:
    if text.endswith("Z"):
        return text
    return datetime.fromisoformat(text).astimezone(UTC).isoformat().replace("+00:00", "Z")


def _in_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_order(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_in_order(one) for one in value]
    return value


def _part_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _part_in(part))), None)


def _holds_mappings(annotation: Any) -> bool:
    return annotation is dict or any(
        _holds_mappings(part)
        for part in (getattr(annotation, "__origin__", None), *get_args(annotation))
        if part is not None
    )
