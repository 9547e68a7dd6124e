"""Whether a cron expression can be meant: five fields in croniter's dialect, with `H` for a stable place per stream.

The runtime asks croniter when an expression fires. This only refuses, while a connector is being defined, what would
never fire, fire at moments nobody meant, or mean different things to different readers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

ALIASES = frozenset({"@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"})
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST = {4: 30, 6: 30, 9: 30, 11: 30, 2: 29}
_HASHED = re.compile(r"h(?:\((?P<low>\d+)-(?P<high>\d+)\))?", re.IGNORECASE)
_FIELDS_NEEDED = 5


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five fields: its name, its bounds, and the words it also takes."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 7, _DAYS),
)


def check_cron(expression: str) -> None:
    """Refuse an expression that cannot be meant, naming the field and the way out, with a ValueError."""
    if expression.strip().startswith("@"):
        if expression.strip() not in ALIASES:
            raise ValueError(f"{expression!r} is no alias: there is {', '.join(sorted(ALIASES))}")
        return
    fields = expression.split()
    if len(fields) != _FIELDS_NEEDED:
        raise ValueError(
            f"{expression!r} has {len(fields)} fields: give minute, hour, day of month, month and day of week"
        )
    for field, text in zip(_FIELDS, fields, strict=True):
        _check_field(field, text)
    _check_day_comes(fields[2], fields[3], fields[4])


def _check_field(field: _Field, text: str) -> None:
    for part in text.split(","):
        if not _is_special(field, part.lower()):
            _check_part(field, part.lower())


def _is_special(field: _Field, part: str) -> bool:
    """Tell the last day of the month, and the nth or last weekday of it."""
    if field.name == "day of month":
        return part == "l"
    if field.name == "day of week":
        day, _, nth = part.partition("#")
        if nth:
            return _number(field, day) is not None and nth in {"1", "2", "3", "4", "5", "l"}
        return part.startswith("l") and _number(field, part[1:]) is not None
    return False


def _check_part(field: _Field, part: str) -> None:
    base, slash, step = part.partition("/")
    if slash:
        _check_step(field, step)
    if base == "*" or _is_hashed(field, base):
        return
    low, dash, high = base.partition("-")
    numbers = [_number(field, low), *([_number(field, high)] if dash else [])]
    if None in numbers:
        raise ValueError(f"the {field.name} {part!r} is not within {field.low} to {field.high}")
    if dash and field.name != "day of week" and (numbers[0] or 0) > (numbers[1] or 0):
        raise ValueError(f"the {field.name} {part!r} runs backwards")


def _check_step(field: _Field, step: str) -> None:
    if not step.isdecimal() or not 0 < int(step) <= field.high:
        raise ValueError(f"the step /{step} of the {field.name} must be within 1 to {field.high}")


def _is_hashed(field: _Field, text: str) -> bool:
    matched = _HASHED.fullmatch(text)
    if matched is None:
        return False
    if matched["low"] is not None and not field.low <= int(matched["low"]) <= int(matched["high"]) <= field.high:
        raise ValueError(f"the {field.name} {text!r} is not within {field.low} to {field.high}")
    return True


def _number(field: _Field, text: str) -> int | None:
    if text in field.words:
        return field.words.index(text) + field.low
    if text.isascii() and text.isdecimal() and field.low <= int(text) <= field.high:
        return int(text)
    return None


def _check_day_comes(days: str, months: str, weekdays: str) -> None:
    """Refuse days that none of their months has, such as the thirtieth of February."""
    if weekdays not in ("*", "?") or not all(day.isdecimal() for day in days.split(",")):
        return
    longest = max((_LONGEST.get(month, 31) for month in _months_in(months)), default=31)
    if all(int(day) > longest for day in days.split(",")):
        raise ValueError(f"day {days} never comes in month {months}")


def _months_in(text: str) -> Iterator[int]:
    """Yield the months that a field names, singly or as ranges; a star or a hashed place stands for all."""
    field = _FIELDS[3]
    for part in text.lower().split(","):
        low, dash, high = part.partition("/")[0].partition("-")
        first, last = _number(field, low), _number(field, high) if dash else None
        if first is None:
            yield from range(1, 13)
        else:
            yield from range(first, (last or (12 if "/" in part else first)) + 1)
