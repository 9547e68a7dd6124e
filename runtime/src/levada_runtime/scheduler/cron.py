"""The next moment of a cron expression in a time zone. Values in, values out.

croniter walks the expression over wall-clock times without a zone; what a clock change does is decided here. While the
zone's offset stands still the two agree. At a change, an expression with a fixed hour fires once: at the first instant
after a gap that swallowed it, at the first occurrence in an hour that comes twice. One whose hours are `*` or a step
through all of them (`*/n`, `H/n`) follows elapsed time.
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import croniter

_STEP = timedelta(days=1)
_FINEST = timedelta(seconds=1)
_HORIZON = timedelta(days=366 * 8)
_HASHED = re.compile(r"(?:^|[\s,])h(?=[\s,/(]|$)", re.IGNORECASE)
_STEPPED = re.compile(r"\*|h(?:\([^)]*\))?/", re.IGNORECASE)


def next_fire(expression: str, zone: str, after: datetime, hash_id: str) -> datetime | None:
    """Return the first moment after `after` (aware) at which the expression fires, in UTC; None if it never does.

    `hash_id` places `H`; the same id always gets the same place.
    """
    place = ZoneInfo(zone)
    position = after.astimezone(UTC)
    limit = position + _HORIZON
    fixed = not _STEPPED.match(_hours(expression))
    while position < limit:
        offset = _offset(place, position)
        naive = next_naive(expression, _naive(position, offset), hash_id)
        if naive is None:
            return None
        candidate = (naive - offset).replace(tzinfo=UTC)
        change = change_between(place, position, candidate)
        if change is None:
            return candidate
        found = _at_change(expression, place, change, hash_id, fixed=fixed)
        if found is not None and found > position:
            return found
        position = _resume(place, change, fixed=fixed)
    return None


def next_naive(expression: str, start: datetime, hash_id: str) -> datetime | None:
    """Return the first wall-clock time after `start` that the expression names; None if there is none."""
    placed = hashed(expression, hash_id)
    walk = croniter(expression.strip(), start, ret_type=datetime, max_years_between_matches=8, hash_id=placed)
    try:
        found: datetime = walk.get_next(datetime)
    except ValueError:
        return None
    return found


def hashed(expression: str, hash_id: str) -> str | None:
    """Return the hash id where the expression has an `H`; with one croniter would spread `@hourly`, too."""
    return hash_id if _HASHED.search(expression) else None


def change_between(place: ZoneInfo, start: datetime, end: datetime) -> datetime | None:
    """Return the first instant in (start, end] at which the zone's offset is a new one."""
    low = start
    while low < end and place.key != "UTC":
        high = min(low + _STEP, end)
        if _offset(place, low) != _offset(place, high):
            return _narrow(place, low, high)
        low = high
    return None


def wall_clock(place: ZoneInfo, moment: datetime) -> datetime:
    """Return the wall-clock time of a moment, without a zone."""
    return _naive(moment, _offset(place, moment))


def _at_change(expression: str, place: ZoneInfo, change: datetime, hash_id: str, *, fixed: bool) -> datetime | None:
    """Return the change itself if the expression fires there: by the new wall clock, or to make up for a gap."""
    before, after = _offset(place, change - _FINEST), _offset(place, change)
    lost = _naive(change, before)
    new = _naive(change, after)
    if not fixed:
        return change if next_naive(expression, new - _FINEST, hash_id) == new else None
    if new < lost:
        return None
    swallowed = next_naive(expression, lost - _FINEST, hash_id)
    return change if swallowed is not None and swallowed <= new else None


def _resume(place: ZoneInfo, change: datetime, *, fixed: bool) -> datetime:
    """Return where to go on after a change: for a fixed hour, past the wall-clock times that come a second time."""
    before, after = _offset(place, change - _FINEST), _offset(place, change)
    repeated = max(before - after, timedelta())
    return change + repeated - _FINEST if fixed and repeated else change


def _hours(expression: str) -> str:
    fields = expression.split()
    if fields[0].startswith("@"):
        return "*" if fields[0] == "@hourly" else "0"
    return fields[1]


def _naive(moment: datetime, offset: timedelta) -> datetime:
    return (moment + offset).replace(tzinfo=None)


def _offset(place: ZoneInfo, moment: datetime) -> timedelta:
    offset = moment.astimezone(place).utcoffset()
    assert offset is not None
    return offset


def _narrow(place: ZoneInfo, low: datetime, high: datetime) -> datetime:
    old = _offset(place, low)
    while high - low > _FINEST:
        middle = low + ((high - low) // 2 // _FINEST) * _FINEST
        if middle in (low, high):
            middle = low + _FINEST
        low, high = (middle, high) if _offset(place, middle) == old else (low, middle)
    return high.replace(microsecond=0)
