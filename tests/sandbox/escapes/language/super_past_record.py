# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import Field

from levada import Connector, Record


class A(Record):
    x: object = Field(alias="_title")


leak = super(Record, A).model_validate(Connector("x"), from_attributes=True).x
