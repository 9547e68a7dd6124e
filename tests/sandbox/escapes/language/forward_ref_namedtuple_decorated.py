# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from contextlib import contextmanager
from typing import NamedTuple

from levada import Record

found = []
catch = found.append


@contextmanager
def around():
    yield


T = around()(NamedTuple)("T", [("x", f"[sys.modules[{__name__!r}].catch(sys), int][1]")])


class A(Record):
    x: T


leak = found[0]
