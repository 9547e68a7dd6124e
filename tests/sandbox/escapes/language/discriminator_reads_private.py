# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from typing import Annotated, Literal, Union

from pydantic import Field

from levada import Connector, Record


class First(Record):
    kind: Literal["a"] = Field(alias="_title")


class Second(Record):
    kind: Literal["b"] = Field(alias="_title")


class A(Record):
    x: Annotated[Union[First, Second], Field(discriminator="kind")]


try:
    A(x=Connector("x", title="kept private"))
except ValueError as error:
    leak = str(error) if "kept private" in str(error) else None
