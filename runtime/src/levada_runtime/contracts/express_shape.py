"""What a contract looks like to msgspec, if msgspec can say all of it: a structure with the same fields and rules."""

import dataclasses
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Optional, Union, cast, get_args, get_origin

import msgspec
from annotated_types import Ge, Le, MaxLen, MinLen
from msgspec import UNSET, UnsetType
from pydantic import BaseModel, Strict
from pydantic.fields import FieldInfo

from levada._record import Record
from levada.contracts._currencies import CODES
from levada.contracts._fields import CURRENCY, DAY, MOMENT, MONEY, MONEY_PATTERN, FreeJson

MONEY_SPELLED = re.compile(MONEY_PATTERN.removeprefix("^").removesuffix("$")).fullmatch
MOMENT_SPELLED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z").fullmatch
"""The one spelling of a moment that is stored as it came, and hashed as it came; all others are the model's."""
_CURRENCY = Literal[tuple(CODES)]  # type: ignore[valid-type]  # the codes are a list elsewhere
_FREE = get_args(FreeJson)[1]
_HOOKS = ("__init__", "model_post_init", "__get_pydantic_core_schema__")


class _Unknown(Exception):  # noqa: N818 - no error: the contract has no short way
    """Something that only pydantic knows the meaning of."""


@dataclass(slots=True)
class Shape:
    """The structure of a contract or of a part of one, and which of its fields need more than the structure says."""

    names: tuple[str, ...]
    excluded: tuple[str, ...]
    money: list[str] = field(default_factory=list)
    moments: list[str] = field(default_factory=list)
    free: list[str] = field(default_factory=list)
    collections: list[tuple[str, Callable[[], Any]]] = field(default_factory=list)
    """Those that are empty unless they are given."""
    parts: list[tuple[str, "Shape"]] = field(default_factory=list)
    """Those within it that are more than their structure themselves."""
    struct: type[msgspec.Struct] = msgspec.Struct

    @property
    def has_more(self) -> bool:
        """Whether there is anything to it that its structure does not say."""
        return bool(self.money or self.moments or self.free or self.collections or self.parts)


def shape_of(model: type[BaseModel]) -> Shape | None:
    """Return a model's shape; None when it has anything in it that msgspec would not do in the same way."""
    try:
        return _shape(model)
    except _Unknown:
        return None


def _shape(model: type[BaseModel]) -> Shape:
    _require(_is_plain(model))
    fields = model.model_fields
    shape = Shape(tuple(fields), tuple(sorted(fields.keys() & getattr(model, "hash_exclude", frozenset()))))
    rows = [_field(shape, name, one) for name, one in fields.items()]
    shape.struct = msgspec.defstruct(
        f"{model.__name__}Struct",
        cast("Any", rows),
        forbid_unknown_fields=True,
        omit_defaults=True,
        kw_only=True,
        gc=False,
    )
    return shape


def _is_plain(model: type[BaseModel]) -> bool:
    """Tell whether a model is made of its fields alone: no validators, serializers, hooks or settings of its own."""
    decorators = model.__pydantic_decorators__
    return (
        issubclass(model, Record)
        and model.model_config == Record.model_config
        and not any(getattr(decorators, one.name) for one in dataclasses.fields(decorators))
        and not model.__private_attributes__
        and all(_undone(getattr(model, hook)) is _undone(getattr(Record, hook)) for hook in _HOOKS)
    )


def _undone(hook: Any) -> Any:
    return getattr(hook, "__func__", hook)


def _field(shape: Shape, name: str, info: FieldInfo) -> tuple[Any, ...]:
    _require(info.alias is None and info.validation_alias is None and info.serialization_alias is None)
    _require(not info.exclude and info.discriminator is None and info.frozen is None)
    kind = _kind(shape, name, info.annotation, info.metadata)
    if info.is_required():
        return name, kind
    if info.default_factory is not None:
        _require(info.default_factory in (dict, list))
        shape.collections.append((name, cast("Callable[[], Any]", info.default_factory)))
        return name, Union[kind, UnsetType], UNSET  # noqa: UP007 - a literal type knows no `|`
    _require(info.default is None)
    return name, kind, None


def _kind(shape: Shape, name: str, annotation: Any, metadata: Iterable[Any]) -> Any:
    """Return what msgspec has to be told of a field, and note in the shape what it cannot be told."""
    rules = [rule for marker in metadata for rule in _rules(marker)]
    inside = get_args(annotation)
    match get_origin(annotation):
        case origin if origin is Annotated:
            return _kind(shape, name, inside[0], [*inside[1:], *rules])
        case origin if origin in (Union, UnionType):
            others = [one for one in inside if one is not NoneType]
            _require(len(others) == 1 and len(inside) > 1)
            return Optional[_kind(shape, name, others[0], rules)]  # noqa: UP045 - a literal type knows no `|`
        case _:
            return _marked(shape, name, rules) or _constrained(_bare(shape, name, annotation), rules)


def _marked(shape: Shape, name: str, rules: list[Any]) -> Any:
    """Return the type of a value that has a spelling of its own; None when it has none."""
    for marker, kind, noted in (
        (MONEY, str, shape.money),
        (MOMENT, str, shape.moments),
        (_FREE, dict[str, Any], shape.free),
        (DAY, date, []),
        (CURRENCY, _CURRENCY, []),
    ):
        if marker in rules:
            _require(len(rules) == 1)
            noted.append(name)
            return kind
    return None


def _bare(shape: Shape, name: str, annotation: Any) -> Any:
    inside = get_args(annotation)
    if annotation in (str, int, bool) or get_origin(annotation) is Literal:
        _require(all(isinstance(one, str) for one in inside))
        return annotation
    if annotation in (list[str], list[dict[str, str]]):
        return annotation
    part = inside[0] if get_origin(annotation) is list else annotation
    _require(isinstance(part, type) and issubclass(part, BaseModel))
    inner = _shape(part)
    _require(not inner.excluded)
    if inner.has_more:
        shape.parts.append((name, inner))
    return inner.struct if part is annotation else list[inner.struct]  # type: ignore[name-defined]  # made just now


def _constrained(kind: Any, rules: list[Any]) -> Any:
    """Return a type with its limits, of which msgspec knows these and no others."""
    limits: dict[str, Any] = {}
    for rule in rules:
        match rule:
            case MinLen():
                limits["min_length"] = rule.min_length
            case MaxLen():
                limits["max_length"] = rule.max_length
            case Ge() | Le():
                limits.update(dataclasses.asdict(rule))
            case Strict(strict=True):
                continue  # msgspec is never anything else
            case _:
                raise _Unknown
    return Annotated[kind, msgspec.Meta(**limits)] if limits else kind


def _rules(marker: Any) -> Iterable[Any]:
    return marker.metadata if isinstance(marker, FieldInfo) else (marker,)


def _require(known: bool) -> None:
    if not known:
        raise _Unknown
