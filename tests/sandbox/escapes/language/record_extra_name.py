# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from contextlib import contextmanager

from levada import Record


class Own(Record):
    model_config = {"extra": "allow"}


@contextmanager
def around():
    yield


own = Own.model_validate({"__name__": "forged"})
inner = around()(own)
leak = inner.__name__ if inner.__name__ == "forged" else None
