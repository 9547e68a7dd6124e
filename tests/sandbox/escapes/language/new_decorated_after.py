# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from calendar import day_name
from enum import Enum


def swap(_):
    return lambda cls, *_: day_name


class Own(Enum):
    @swap
    def __new__(cls, *_):
        return None

    A = "%Y"


leak = day_name[0] if day_name[0] == "2001" else None
