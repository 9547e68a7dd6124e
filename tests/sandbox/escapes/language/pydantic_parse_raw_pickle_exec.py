# level: language
# category: pickle
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import BaseModel
class A(BaseModel):
    x: int = 0
try:
    leak = A.parse_raw(b"cbuiltins\ndict\n(tR.", proto="pickle", allow_pickle=True)
except TypeError as e:
    pass
