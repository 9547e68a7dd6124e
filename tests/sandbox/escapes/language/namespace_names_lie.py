# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from dataclasses import asdict, dataclass
from types import SimpleNamespace

from levada import Connector


class Name(str):
    def startswith(self, *_):
        return False

    def endswith(self, *_):
        return False


@dataclass
class Holder:
    kept: object


def reduce(protocol):
    return (lambda: Connector), (), (None, {"poisoned": 1})


asdict(Holder(SimpleNamespace(**{Name("__reduce_ex__"): reduce})))
leak = Connector.poisoned
