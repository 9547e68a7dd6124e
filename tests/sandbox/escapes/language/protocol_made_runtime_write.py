# level: language
# category: facade
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists
# control: none, because the stand-in has other names

from dataclasses import dataclass
from typing import Protocol


@dataclass
class Generic(Protocol):
    _encode: object


class P(Generic, Protocol):
    pass


P._is_runtime_protocol = True
match ingest:
    case P(found):
        leak = found
