"""The normal form of a valid payload and its hash: one spelling for decimals, moments and the order of keys.

`{"amount": "5.0"}` and `{"amount": "5.00"}` are one payload; the stored payload keeps the spelling that came first.
What is to be done with each field is found out once per contract, so that a record costs one pass over its fields.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import to_json

from levada.contracts import Contract
from levada.contracts._fields import MOMENT, MONEY

Normal = dict[str, Any]


def stored_payload(model: Contract) -> str:
    """Return a payload as it is stored: defaults applied, nothing that is None, decimals as they were spelt."""
    return model.__pydantic_serializer__.to_json(model, exclude_none=True).decode()


def normal_form(model: Contract) -> Normal:
    """Return the form that is hashed: keys in order, nothing that is None, decimals in one spelling, moments in UTC."""
    return _normaliser(type(model))(model)


def canonical_json(value: object) -> bytes:
    """Return compact JSON in UTF-8 with its keys in order."""
    return to_json(_in_order(value))


def payload_hash(model: Contract) -> str:
    """Return the SHA-256 of a payload's normal form, in hexadecimal digits."""
    return payload_digest(model).hex()


def payload_digest(model: Contract) -> bytes:
    """Return the SHA-256 of a payload's normal form, 32 bytes."""
    return hashlib.sha256(to_json(_normaliser(type(model))(model))).digest()


@cache
def _normaliser(model: type[BaseModel]) -> Callable[[BaseModel], Normal]:
    excluded: frozenset[str] = getattr(model, "hash_exclude", frozenset())
    fields = model.model_fields
    names = sorted(fields.keys() - excluded)
    rules = [(name, rule) for name in names if (rule := _rule(fields[name])) is not None]

    def normalise(part: BaseModel) -> Normal:
        values = part.__dict__
        form = {name: value for name in names if (value := values[name]) is not None}
        for name, rule in rules:
            if name in form:
                form[name] = rule(form[name])
        return form

    return normalise


def _rule(field: Any) -> Callable[[Any], Any] | None:
    """Return what a field's values go through; most go through nothing."""
    kinds = [*field.metadata, *_parts_of(field.annotation)]
    for marker, rule in ((MONEY, decimal), (MOMENT, _moment)):
        if marker in kinds:
            return rule
    models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    if models:
        normalise = _normaliser(models[0])
        return lambda value: [normalise(one) for one in value] if isinstance(value, list) else normalise(value)
    return _in_order if dict in kinds or Any in kinds else None


def _parts_of(annotation: Any) -> list[Any]:
    """Return an annotation with everything inside it: members of unions, items of lists, markers."""
    inside = [part for one in get_args(annotation) for part in _parts_of(one)]
    return [annotation, getattr(annotation, "__origin__", None), *inside]


def decimal(text: str) -> str:
    """Return a decimal in its one spelling: no zeros that say nothing, no negative zero."""
    if "." in text:
        text = text.rstrip("0").removesuffix(".")
    digits = text.removeprefix("-")
    if digits[0] == "0" and digits != "0":  # seldom: leading zeros, or a fraction alone
        whole, point, fraction = digits.partition(".")
        digits = (whole.lstrip("0") or "0") + point + fraction
    return f"-{digits}" if text[0] == "-" and digits != "0" else digits


def _moment(value: datetime) -> datetime:
    return value.astimezone(UTC) if value.utcoffset() else value


def _in_order(value: Any) -> Any:
    """Bring the keys of free JSON into order; a float becomes its digits under a mark, since encoders differ."""
    if isinstance(value, dict):
        return {name: _in_order(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_in_order(one) for one in value]
    return {"~float": repr(value)} if isinstance(value, float) else value
