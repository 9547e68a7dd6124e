# level: language
# category: annotation-eval
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from contextlib import contextmanager
from functools import singledispatch

from levada import Record


class Own(Record):
    model_config = {"extra": "allow"}
    x: "int"


@contextmanager
def around():
    yield


names = {}
inner = around()(Own.model_validate({"x": 1, "__globals__": names}))


@singledispatch
def dispatch(value):
    pass


dispatch.register(inner)
leak = names["__builtins__"]
