"""Many moments at once: which was the latest, and how many there were, without walking through each of them.

An outage of days holds a great many moments of a great many streams. Between two changes of a zone's offset they are
counted by the calendar, days times hours times minutes; only around a change are they walked through one by one.
"""

from bisect import bisect_right
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from croniter import croniter

from levada_runtime.runs.ticks import Span
from levada_runtime.scheduler.cron import change_between, hashed, next_fire, next_naive, wall_clock

_FINEST = timedelta(seconds=1)
_AROUND_A_CHANGE = timedelta(hours=3)
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(days=366 * 8)
_EVERY = frozenset({"*", "?"})
_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def fires_within(expression: str, zone: str, after: datetime, until: datetime, hash_id: str) -> Span | None:
    """Return the moments in (after, until]; None when there are none."""
    first = next_fire(expression, zone, after, hash_id)
    if first is None or first > until:
        return None
    last = _latest(expression, zone, first, until, hash_id)
    return Span(first, last, _count(expression.strip(), ZoneInfo(zone), after, until, hash_id))


def without_last(expression: str, zone: str, span: Span, hash_id: str) -> Span | None:
    """Return a span of moments but for the last of them; None when that was all."""
    if span.count == 1:
        return None
    last = _latest(expression, zone, span.first, span.last - _FINEST, hash_id)
    return Span(span.first, last, span.count - 1)


def _latest(expression: str, zone: str, first: datetime, until: datetime, hash_id: str) -> datetime:
    """Return the latest moment up to `until`, of which `first` is one: by looking back ever further."""
    back = _SHORTEST
    while until - back > first:
        found = next_fire(expression, zone, until - back, hash_id)
        if found is not None and found <= until:
            return _walk_to_the_end(expression, zone, found, until, hash_id)
        back = min(back * 2, _LONGEST)
    return _walk_to_the_end(expression, zone, first, until, hash_id)


def _walk_to_the_end(expression: str, zone: str, found: datetime, until: datetime, hash_id: str) -> datetime:
    following = next_fire(expression, zone, found, hash_id)
    while following is not None and following <= until:
        found, following = following, next_fire(expression, zone, following, hash_id)
    return found


def _count(expression: str, place: ZoneInfo, after: datetime, until: datetime, hash_id: str) -> int:
    calendar, count, position = _Calendar(expression, hash_id), 0, after.astimezone(UTC)
    while position < until:
        change = change_between(place, position, until)
        quiet = until if change is None else change - _FINEST
        if quiet > position:
            count += calendar.count(wall_clock(place, position), wall_clock(place, quiet))
        if change is None:
            return count
        position = min(change + _AROUND_A_CHANGE, until)
        moment = next_fire(expression, place.key, quiet, hash_id)
        while moment is not None and moment <= position:
            count, moment = count + 1, next_fire(expression, place.key, moment, hash_id)
    return count


class _Calendar:
    """The moments of an expression by the wall clock: on which days, and at which times of the day."""

    def __init__(self, expression: str, hash_id: str) -> None:
        fields = _ALIASES.get(expression, expression).split()
        placed = hashed(expression, hash_id)
        expanded, _ = croniter.expand(" ".join(fields), hash_id=None if placed is None else placed.encode())
        self._minutes = sorted(range(60)) if expanded[0] == ["*"] else sorted(expanded[0])
        self._hours = sorted(range(24)) if expanded[1] == ["*"] else sorted(expanded[1])
        self._days = " ".join(("0", "0", *fields[2:]))
        self._is_daily = set(fields[2:]) <= _EVERY
        self._hash_id = hash_id

    def count(self, after: datetime, until: datetime) -> int:
        """Return how many there are in (after, until]."""
        if after.date() == until.date():
            return (self._until(until.time()) - self._until(after.time())) * self._days_in(until, until)
        whole = self._days_in(after + timedelta(days=1), until - timedelta(days=1)) * self._until(time.max)
        begun = (self._until(time.max) - self._until(after.time())) * self._days_in(after, after)
        return whole + begun + self._until(until.time()) * self._days_in(until, until)

    def _until(self, at: time) -> int:
        """Return how many there are on one of its days up to a time of day."""
        before = bisect_right(self._hours, at.hour - 1) * len(self._minutes)
        return before + (bisect_right(self._minutes, at.minute) if at.hour in self._hours else 0)

    def _days_in(self, first: datetime, last: datetime) -> int:
        """Return how many of the days from the first to the last are its days."""
        if self._is_daily:
            return max(0, (last.date() - first.date()).days + 1)
        count, end = 0, datetime.combine(last.date(), time.max)
        day = next_naive(self._days, datetime.combine(first.date(), time.min) - _FINEST, self._hash_id)
        while day is not None and day <= end:
            count, day = count + 1, next_naive(self._days, day, self._hash_id)
        return count
