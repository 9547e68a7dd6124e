# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from levada import Record


class A(Record):
    x: int

    def go(self):
        return type(super())


leak = A(x=1).go()(Record, A).model_construct(x="no number").x
