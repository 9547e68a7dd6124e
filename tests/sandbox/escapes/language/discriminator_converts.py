# level: language
# category: introspection
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from collections.abc import Mapping
from typing import Annotated, Union

from pydantic import Discriminator

from levada import Record


class Own(Discriminator):
    def _convert_schema(self, *_, **__):
        field = {"type": "model-field", "schema": {"type": "any"}, "validation_alias": "__subclasses__"}
        return {"type": "model-fields", "fields": {"x": field}, "from_attributes": True}


class A(Record):
    x: Annotated[Union[int, str], Own(lambda value: "x")]


leak = A(x=Mapping).x[0]["x"]()
