# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because the SDK's Record has lost the method already

from levada import Record


class A(Record):
    x: int = 0


leak = A.model_construct(x="no number")
