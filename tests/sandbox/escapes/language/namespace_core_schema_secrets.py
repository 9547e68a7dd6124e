# level: language
# category: secrets
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from types import SimpleNamespace
from typing import Annotated

from levada import Record


def schema(*_):
    field = {"type": "model-field", "schema": {"type": "any"}, "validation_alias": "_values"}
    return {"type": "model-fields", "fields": {"x": field}, "from_attributes": True}


class A(Record):
    x: Annotated[object, SimpleNamespace(__get_pydantic_core_schema__=schema)]


leak = A(x=secrets).x
