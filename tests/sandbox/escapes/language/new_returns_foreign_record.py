# level: language
# category: poisoning
# escape proof: the module's `leak` is not None, or the file at $ESCAPE_PROOF exists

from calendar import day_name

from levada import Record


class Own(Record):
    format: str

    def __new__(cls, *_, **__):
        return day_name


Own.model_validate({"format": "%Y"})
leak = day_name[0] if day_name[0] == "2001" else None
