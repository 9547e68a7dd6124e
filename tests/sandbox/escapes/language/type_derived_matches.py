# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because in plain Python only metaclasses are instances of a class derived from type

from dataclasses import dataclass

from levada import Connector


@dataclass(init=False, eq=False, repr=False)
class Kind(type):
    _title: object


match Connector:
    case Kind(found):
        leak = found
