"""pydantic made narrower, in the zygote only: nothing there may read attributes by a name that a connector chose.

The names of methods that read files or unpickle are refused by the policy; what is left is `from_attributes`, which
together with an alias reads any attribute of any object, and what leads to it: a schema of a connector's own making.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pydantic
from pydantic import BaseModel
from pydantic.fields import ComputedFieldInfo, FieldInfo, ModelPrivateAttr
from pydantic_core import core_schema

import levada
from levada_runtime.sandbox.language.deputies import refuse_subclasses

_READ_BY_PYDANTIC: Final = (
    "AfterValidator", "AliasChoices", "AliasPath", "BeforeValidator", "Discriminator", "PlainSerializer",
    "PlainValidator", "StringConstraints", "Tag", "WrapValidator",
)  # fmt: skip
"""What annotations are made with: pydantic asks these for schemas, and would take any from a class derived from one."""

_NO_ATTRIBUTES: Final = "from_attributes is not available in a connector; pass a mapping"


def narrow_records() -> None:
    """Make every pydantic model of this process refuse `from_attributes`, as a setting and as an argument.

    `model_copy` refuses names that Python looks up, and a further field of such a name is no attribute: an instance
    that had them would say how it is copied, what schema it stands for, and what function it wraps.
    """
    _narrow_schemas()
    _narrow_copies()
    _narrow_reading()
    FieldInfo.metadata_lookup = _Fixed(FieldInfo.metadata_lookup)  # type: ignore[assignment]  # Any field leads to it.
    refuse_subclasses(
        FieldInfo,
        ComputedFieldInfo,
        ModelPrivateAttr,
        *(getattr(pydantic, name) for name in _READ_BY_PYDANTIC),
        *_models_besides_records(BaseModel),
    )
    _narrow_metadata()
    _narrow_unions()


def _narrow_schemas() -> None:
    """Make models read mappings only, and describe themselves with pydantic's own generator."""
    validate = BaseModel.model_validate.__func__  # type: ignore[attr-defined]  # A classmethod has one.
    schema = BaseModel.model_json_schema.__func__  # type: ignore[attr-defined]  # The same.
    on_subclass = BaseModel.__pydantic_init_subclass__.__func__  # type: ignore[attr-defined]  # The same.

    def model_validate(cls: type[BaseModel], /, obj: Any, **options: Any) -> Any:
        if options.get("from_attributes"):
            raise TypeError(_NO_ATTRIBUTES)
        return validate(cls, obj, **options)

    def model_json_schema(cls: type[BaseModel], /, by_alias: bool = True, **options: Any) -> dict[str, Any]:
        options.pop("schema_generator", None)  # One of a connector's own would be handed what pydantic keeps.
        described: dict[str, Any] = schema(cls, by_alias, **options)
        return described

    def pydantic_init_subclass(cls: type[BaseModel], /, **options: Any) -> None:
        if cls.model_config.get("from_attributes") not in (None, False):
            raise TypeError(_NO_ATTRIBUTES)
        on_subclass(cls, **options)

    BaseModel.model_validate = classmethod(model_validate)  # type: ignore[assignment]  # Narrowed, as the docstring says.
    BaseModel.model_json_schema = classmethod(model_json_schema)  # type: ignore[assignment]  # The same.
    BaseModel.__pydantic_init_subclass__ = classmethod(pydantic_init_subclass)  # type: ignore[assignment]  # The same.


def _narrow_copies() -> None:
    """Make copies take plain names for what they change."""
    copy, old_copy = BaseModel.model_copy, BaseModel.copy

    def model_copy(self: BaseModel, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Any:
        return copy(self, update=_fields(update), deep=deep)

    def deprecated_copy(self: BaseModel, *, update: Mapping[str, Any] | None = None, **options: Any) -> Any:
        return old_copy(self, update=_fields(update), **options)

    BaseModel.model_copy = model_copy  # type: ignore[method-assign]  # Narrowed, as the docstring says.
    BaseModel.copy = deprecated_copy  # type: ignore[method-assign]  # The same.


def _narrow_reading() -> None:
    """Make a further field that is named like something Python looks up no attribute."""
    read: Any = BaseModel.__getattr__  # type: ignore[attr-defined]  # It is hidden from type checkers.

    def read_field(self: BaseModel, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return read(self, name)

    BaseModel.__getattr__ = read_field  # type: ignore[attr-defined]  # The same.


def _narrow_metadata() -> None:
    """Make what pydantic keeps a field's constraints in take plain names: it takes a mapping for its attributes."""
    kind: Any = type(pydantic.Field(coerce_numbers_to_str=True).metadata[0])
    make = kind.__init__

    def init(self: Any, metadata: Mapping[str, Any]) -> None:
        make(self, _fields(metadata))

    kind.__init__ = init
    refuse_subclasses(kind)


def _fields(update: Mapping[str, Any] | None) -> dict[str, Any]:
    named = dict(update or {})
    for name in named:
        if type(name) is not str or name.startswith("__"):
            raise TypeError(f"{name!r} is no field that a copy could have")
    return named


def _models_besides_records(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield the SDK's other models: a connector makes them and derives none, and they allow any configuration."""
    for each in kind.__subclasses__():
        if each is not levada.Record:
            if each.__module__.partition(".")[0] == levada.__name__:
                yield each
            yield from _models_besides_records(each)


def _narrow_unions() -> None:
    """Make unions that are told apart by a field look for it in values only: pydantic reads attributes for them."""
    make = core_schema.tagged_union_schema

    def tagged_union_schema(choices: Any, discriminator: Any, **options: Any) -> Any:
        union = make(choices, discriminator, **options)
        return union if callable(discriminator) else core_schema.no_info_before_validator_function(_value, union)

    core_schema.tagged_union_schema = tagged_union_schema


def _value(given: object) -> object:
    if not isinstance(given, Mapping | BaseModel) and not dataclasses.is_dataclass(given):
        raise ValueError("Input should be a mapping or a record")
    return given


class _Fixed(Mapping[Any, Any]):
    """A mapping that cannot be changed; unlike a MappingProxyType it shows nobody what it stands on."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[Any, Any]) -> None:
        self._items = dict(items)

    def __getitem__(self, key: Any) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)
