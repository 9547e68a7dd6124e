# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from dataclasses import asdict, dataclass

from levada import Connector, HostRule


@dataclass
class Holder:
    kept: object


def reduce(protocol):
    return (lambda: Connector), (), (None, {"poisoned": 1})


asdict(Holder(HostRule(pattern="a").copy(update={"__deepcopy__": None, "__reduce_ex__": reduce})))
leak = Connector.poisoned
