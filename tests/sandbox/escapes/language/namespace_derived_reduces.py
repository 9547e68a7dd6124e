# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from dataclasses import asdict, dataclass
from types import SimpleNamespace

from levada import Connector


class Space(SimpleNamespace):
    def __init__(self, **named):
        super().__init__(**named)


@dataclass
class Holder:
    kept: object


def reduce(protocol):
    return (lambda: Connector), (), (None, {"poisoned": 1})


asdict(Holder(Space(__reduce_ex__=reduce)))
leak = Connector.poisoned
