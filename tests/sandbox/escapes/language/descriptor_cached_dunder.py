# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from functools import cached_property
from typing import Annotated

from levada import Connector, Record


def schema(*_):
    field = {"type": "model-field", "schema": {"type": "any"}, "validation_alias": "_title"}
    return {"type": "model-fields", "fields": {"x": field}, "from_attributes": True}


class Own(cached_property):
    pass


class Holder:
    hook = Own(lambda self: schema)


cached = Own(lambda self: schema)
cached.attrname = "__get_pydantic_core_schema__"
Holder.other = cached
holder = Holder()
holder.other


class A(Record):
    x: Annotated[object, holder]


leak = A(x=Connector("x", title="kept private")).x
