"""Category: pickle. Escape proof: `leak` is bound to something that is not None."""

from levada import Record
class A(Record):
    x: int = 0
A.parse_raw(b"cposix\ngetpid\n(tR.", proto="pickle", allow_pickle=True)
leak = 1
