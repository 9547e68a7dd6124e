# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

import gzip
from contextlib import contextmanager
from functools import singledispatch

from levada import Record


class io:
    FileIO = int


class Own(Record):
    model_config = {"extra": "allow"}
    x: "io.FileIO"


@contextmanager
def around():
    yield


own = Own.model_validate({"x": 1, "__wrapped__": gzip.compress})
inner = around()(own)


@singledispatch
def dispatch(value):
    pass


dispatch.register(inner)
leak = [kind for kind in dispatch.registry if kind not in (object, int)][0]
