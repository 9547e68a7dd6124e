# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from collections.abc import Mapping
from typing import Annotated

from levada import Record


class Kept(Record):
    x: int = 0


def schema(*_):
    field = {"type": "model-field", "schema": {"type": "any"}, "validation_alias": "__subclasses__"}
    return {"type": "model-fields", "fields": {"x": field}, "from_attributes": True}


class A(Record):
    x: Annotated[object, Kept().model_copy(update={"__get_pydantic_core_schema__": schema})]


leak = A(x=Mapping).x[0]["x"]()
