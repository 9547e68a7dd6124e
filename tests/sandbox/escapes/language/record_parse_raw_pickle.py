# level: language
# category: pickle
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because the SDK's Record has lost the method already

from levada import Record
class A(Record):
    x: int = 0
A.parse_raw(b"cposix\ngetpid\n(tR.", proto="pickle", allow_pickle=True)
leak = 1
