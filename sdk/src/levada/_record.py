"""The pydantic model that connector code may use: everything in it that reaches past the values is taken away."""

from typing import Any, ClassVar, NoReturn, Self

from pydantic import BaseModel, ConfigDict, TypeAdapter

REMOVED = frozenset(
    {
        "construct", "copy", "dict", "from_orm", "json", "model_computed_fields", "model_construct",
        "model_parametrized_name", "model_rebuild", "parse_file", "parse_obj", "parse_raw", "schema", "schema_json",
        "update_forward_refs", "validate",
    }
)  # fmt: skip
"""Names that read files, unpickle, evaluate strings or skip validation, and the old spellings of others."""

ALLOWED_CONFIG = frozenset(
    {
        "coerce_numbers_to_str", "extra", "frozen", "populate_by_name", "serialize_by_alias", "str_max_length",
        "str_min_length", "str_strip_whitespace", "str_to_lower", "str_to_upper", "strict", "title", "use_enum_values",
        "validate_assignment", "validate_by_alias", "validate_by_name", "validate_default",
    }
)  # fmt: skip
"""Configuration a `Record` may set; the rest could make it read attributes of foreign objects or call foreign code."""


class _Removed:
    """A name that a parent class has and this one must not."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type | None = None) -> NoReturn:
        raise AttributeError(f"a record has no {self._name!r}; use model_validate, model_validate_json or model_dump")


class Record(BaseModel):
    """A validated value with named, typed fields, for a connector's own use: unknown fields are refused.

    It is a pydantic model without the parts that would reach past its values: no reading of files, no pickles, no
    attributes of foreign objects, no strings evaluated as types.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", hide_input_in_errors=True)

    @classmethod
    def model_validate(cls, obj: Any, *, strict: bool | None = None) -> Self:  # type: ignore[override]  # narrower on purpose: no from_attributes, which reads any object
        """Build a record from a mapping, or raise pydantic's `ValidationError`."""
        built: Self = cls.__pydantic_validator__.validate_python(obj, strict=strict, from_attributes=False)
        return built

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:  # type: ignore[override]  # narrower on purpose: no foreign generator
        """Describe the record as a JSON Schema."""
        return TypeAdapter(cls).json_schema()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # Before pydantic works with the configuration. Names and values may be of classes that lie about what equals
        # them, so neither is compared before it is known for what it is.
        super().__init_subclass__(**kwargs)
        inherited = Record.model_config
        added = {
            name
            for name, value in cls.model_config.items()
            if type(name) is not str or (name not in ALLOWED_CONFIG and inherited.get(name) is not value)
        }
        if added:
            raise TypeError(f"{cls.__name__}: a record's configuration cannot set {', '.join(sorted(map(str, added)))}")


for _name in REMOVED:
    setattr(Record, _name, _Removed(_name))
