# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from dataclasses import dataclass
from typing import Protocol


@dataclass
class Generic(Protocol):
    _values: object


class P(Generic, Protocol):
    _is_runtime_protocol = True


match secrets:
    case P(found):
        leak = found
