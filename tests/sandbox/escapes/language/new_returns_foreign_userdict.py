# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from calendar import day_name
from collections import UserDict

made = []


class Own(UserDict):
    def __new__(cls, *_):
        return day_name if made else super().__new__(cls)


own = Own()
own.format = "%Y"
made.append(own)
try:
    own.copy()
except AttributeError:
    pass
leak = day_name[0] if day_name[0] == "2001" else None
