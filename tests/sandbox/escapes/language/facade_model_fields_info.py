# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from levada import Record


class A(Record):
    x: int = 0


leak = A.__pydantic_decorators__
