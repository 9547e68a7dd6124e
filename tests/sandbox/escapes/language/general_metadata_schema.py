# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import Annotated

from pydantic import Field

from levada import Connector, Record


def schema(*_):
    field = {"type": "model-field", "schema": {"type": "any"}, "validation_alias": "_title"}
    return {"type": "model-fields", "fields": {"x": field}, "from_attributes": True}


General = type(Field(coerce_numbers_to_str=True).metadata[0])


class A(Record):
    x: Annotated[object, General({"__get_pydantic_core_schema__": schema})]


leak = A(x=Connector("x", title="kept private")).x
