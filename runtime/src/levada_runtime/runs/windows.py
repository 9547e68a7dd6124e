"""A span of time cut into slices: each is the window of one run. Values in, values out."""

import calendar
import re
from dataclasses import dataclass
from datetime import MAXYEAR, datetime, timedelta
from typing import Self

from levada import Window

MOST_SLICES = 5_000
_SPAN = re.compile(r"P(?=.)(?:(\d+)W|(?:(\d+)M)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?)?)")
_MOST_DIGITS = 24


@dataclass(frozen=True, slots=True)
class Span:
    """The length of a slice: months as the calendar has them, and time beyond them."""

    months: int
    rest: timedelta

    @classmethod
    def read(cls, spelt: str) -> Self:
        """Read an ISO 8601 duration.

        Raises ValueError for what is none, or no time at all.
        """
        found = _SPAN.fullmatch(spelt) if len(spelt) <= _MOST_DIGITS else None
        if found is None:
            raise ValueError(f"{spelt!r} is no ISO 8601 duration such as P7D, P1M or PT6H")
        weeks, months, days, hours, minutes = (int(part or 0) for part in found.groups())
        try:
            span = cls(months, timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes))
        except OverflowError:
            raise ValueError(f"{spelt!r} is longer than any past") from None
        if not span.months and not span.rest:
            raise ValueError(f"{spelt!r} is no time at all")
        return span

    def after(self, start: datetime, times: int) -> datetime:
        """Return the moment that lies so many spans after another; a day that its month has not is the last it has.

        Raises OverflowError beyond the year 9999.
        """
        months = start.year * 12 + start.month - 1 + self.months * times
        year, month = divmod(months, 12)
        if year > MAXYEAR:
            raise OverflowError("beyond the year 9999")
        day = min(start.day, calendar.monthrange(year, month + 1)[1])
        return start.replace(year=year, month=month + 1, day=day) + self.rest * times


@dataclass(frozen=True, slots=True)
class Cut:
    """A half-open span of time in slices, numbered from 0; the last one ends where the whole does."""

    begins_at: datetime
    ends_at: datetime
    span: Span

    def window(self, number: int) -> Window:
        """Return a slice."""
        return Window(self._edge(number), self._edge(number + 1))

    def count(self) -> int | None:
        """Return how many slices there are; None when there are more than `MOST_SLICES`."""
        return next((number for number in range(1, MOST_SLICES + 1) if self._edge(number) == self.ends_at), None)

    def _edge(self, number: int) -> datetime:
        try:
            return min(self.span.after(self.begins_at, number), self.ends_at)
        except OverflowError:
            return self.ends_at
