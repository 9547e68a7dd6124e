# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because the SDK's Record has lost the setting already

from levada import Record


class A(Record, from_attributes=True):
    gi_frame: object = None


leak = A.model_validate((n for n in [])).gi_frame
