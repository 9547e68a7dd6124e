# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import BaseModel as Record
from pydantic import Field


class P:
    pass


class A(Record):
    x: object = Field(alias="__class__")


leak = A.model_validate(P(), from_attributes=True).x
