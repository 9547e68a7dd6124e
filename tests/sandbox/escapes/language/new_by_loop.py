# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from calendar import day_name
from enum import Enum


class Own(Enum):
    for __new__ in [lambda cls, *_: day_name]:
        pass
    A = "%Y"


leak = day_name[0] if day_name[0] == "2001" else None
