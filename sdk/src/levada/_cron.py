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
        _check_field(field, text.lower())
    _check_weekday_of_the_month(fields[2], fields[4].lower())
    _check_day_comes(fields[2].lower(), fields[3].lower(), fields[4])


def _check_field(field: _Field, text: str) -> None:
    parts = text.split(",")
    for part in parts:
        if not _is_special(field, part):
            _check_part(field, part)
        if len(parts) > 1 and (part == "*" or _is_hashed(field, part.partition("/")[0])):
            raise ValueError(f"the {field.name} {text!r} lists {part!r}, which stands alone")


def _is_special(field: _Field, part: str) -> bool:
    """Tell the last day of the month, and the nth or last weekday of it."""
    if field.name == "day of month":
        return part == "l"
    if field.name == "day of week":
        day, _, nth = part.partition("#")
        if nth:
            return _number(field, day) is not None and nth in {"1", "2", "3", "4", "5"}
        return part.startswith("l") and part[1:].isdecimal() and _number(field, part[1:]) is not None
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


def _check_weekday_of_the_month(days: str, weekdays: str) -> None:
    """Refuse what readers of cron do not agree on: the second or last Friday, together with other days."""
    of_the_month = [day for day in weekdays.split(",") if "#" in day or day.startswith("l")]
    if of_the_month and (days != "*" or len(of_the_month) < len(weekdays.split(","))):
        raise ValueError(f"the day of week {of_the_month[0]!r} goes with no other day, of the week or of the month")


def _check_day_comes(days: str, months: str, weekdays: str) -> None:
    """Refuse days that none of their months has, such as the thirtieth of February, or that `H` may never find."""
    if weekdays not in ("*", "?"):
        return
    earliest = _earliest_day(days)
    lengths = [_LONGEST.get(month, 31) for month in _months_in(months)]
    longest = min(lengths) if _is_hashed(_FIELDS[3], months.partition("/")[0]) else max(lengths, default=31)
    if earliest > longest:
        placed = "; H(1-28) always does" if days.startswith("h") else ""
        raise ValueError(f"day {days} never comes in month {months}, or may not{placed}")


def _earliest_day(days: str) -> int:
    """Return the day that has to come for one of these days to: the first of a list, the last that `H` may be."""
    hashed = _HASHED.fullmatch(days.partition("/")[0])
    if hashed:
        return int(hashed["high"] or 31)
    listed = days.split(",")
    return min(int(day) for day in listed) if all(day.isdecimal() for day in listed) else 1


def _months_in(text: str) -> Iterator[int]:
    """Yield the months that a field names, singly or as ranges; a star stands for all, a hashed place for its range."""
    field = _FIELDS[3]
    hashed = _HASHED.fullmatch(text.partition("/")[0])
    if hashed and hashed["low"]:
        yield from range(int(hashed["low"]), int(hashed["high"]) + 1)
        return
    for part in text.split(","):
        low, dash, high = part.partition("/")[0].partition("-")
        first, last = _number(field, low), _number(field, high) if dash else None
        if first is None:
            yield from range(1, 13)
        else:
            yield from range(first, (last or (12 if "/" in part else first)) + 1)
