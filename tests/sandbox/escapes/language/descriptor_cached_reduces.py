# level: language
# category: pickle
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from dataclasses import asdict, dataclass
from functools import cached_property



class Own(cached_property):
    pass


def reduce(*_):
    return (lambda: Thing), (), (None, {"poisoned": 5})


class Thing:
    other = Own(lambda self: reduce)


cached = Own(lambda self: reduce)
Thing.hidden = cached
cached.attrname = "__reduce_ex__"
thing = Thing()
thing.hidden


@dataclass
class D:
    x: object


asdict(D(thing))
leak = Thing.poisoned
