"""pydantic made narrower, in the zygote only: nothing there may read attributes by a name that a connector chose.

The names of methods that read files or unpickle are refused by the policy; what is left is `from_attributes`, which
together with an alias reads any attribute of any object, frames included.
"""

import types
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def narrow_records() -> None:
    """Make every pydantic model of this process refuse `from_attributes`, as a setting and as an argument."""
    validate = BaseModel.model_validate.__func__  # type: ignore[attr-defined]  # A classmethod has one.
    schema = BaseModel.model_json_schema.__func__  # type: ignore[attr-defined]  # The same.
    on_subclass = BaseModel.__pydantic_init_subclass__.__func__  # type: ignore[attr-defined]  # The same.

    def model_validate(cls: type[BaseModel], /, obj: Any, **options: Any) -> Any:
        if options.get("from_attributes"):
            raise TypeError("from_attributes is not available in a connector; pass a mapping")
        return validate(cls, obj, **options)

    def model_json_schema(cls: type[BaseModel], /, by_alias: bool = True, **options: Any) -> dict[str, Any]:
        options.pop("schema_generator", None)  # One of a connector's own would be handed what pydantic keeps.
        described: dict[str, Any] = schema(cls, by_alias, **options)
        return described

    def pydantic_init_subclass(cls: type[BaseModel], /, **options: Any) -> None:
        if cls.model_config.get("from_attributes"):
            raise TypeError("from_attributes is not available in a connector; pass a mapping")
        on_subclass(cls, **options)

    BaseModel.model_validate = classmethod(model_validate)  # type: ignore[assignment]  # Narrowed, as the docstring says.
    BaseModel.model_json_schema = classmethod(model_json_schema)  # type: ignore[assignment]  # The same.
    BaseModel.__pydantic_init_subclass__ = classmethod(pydantic_init_subclass)  # type: ignore[assignment]  # The same.
    FieldInfo.metadata_lookup = types.MappingProxyType(FieldInfo.metadata_lookup)  # type: ignore[assignment]  # Any field leads to it.
