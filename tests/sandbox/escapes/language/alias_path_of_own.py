# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import AliasPath, Field

from levada import Record


class Path(AliasPath):
    def convert_to_aliases(self):
        return ["__class__"]


class A(Record):
    x: object = Field(validation_alias=Path("x"))


leak = A
