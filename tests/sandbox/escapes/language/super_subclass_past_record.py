# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from levada import Record


class Above(super):
    pass


class A(Record):
    x: int


leak = Above(Record, A).model_construct(x="no number").x
