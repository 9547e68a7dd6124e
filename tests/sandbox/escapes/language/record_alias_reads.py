# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because the SDK's Record has lost the argument already

from levada import Record


class A(Record):
    x: object = None


leak = A.model_validate((n for n in []), from_attributes=True).x
