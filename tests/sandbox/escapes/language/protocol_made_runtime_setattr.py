# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from dataclasses import dataclass
from typing import Protocol

from levada import Connector


@dataclass
class Generic(Protocol):
    _title: object


class P(Generic, Protocol):
    pass


setattr(P, "_is_runtime" + "_protocol", True)
match Connector("x"):
    case P(found):
        leak = found
