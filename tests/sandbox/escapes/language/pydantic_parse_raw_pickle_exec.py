"""Category: pickle. Escape proof: `leak` is bound to something that is not None."""

from levada import Record
class A(Record):
    x: int = 0
try:
    leak = A.parse_raw(b"cbuiltins\ndict\n(tR.", proto="pickle", allow_pickle=True)
except TypeError as e:
    pass
