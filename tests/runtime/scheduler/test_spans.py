"""Many moments counted by the calendar come to what walking through them one by one comes to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levada_runtime.runs.ticks import Span
from levada_runtime.scheduler.cron import next_fire
from levada_runtime.scheduler.spans import fires_within, without_last

EXPRESSIONS = (
    "*/15 * * * *",
    "0 */2 * * *",
    "30 2 * * *",
    "H/7 H(1-4) * * *",
    "0 9-17 * * mon-fri",
    "@hourly",
    " @weekly",
    "0 0 1 * 1",
    "15 1,2,3 * * 0",
    "0 0 L * *",
    "0 0 * * 5#2",
    "0 0 1 1 *",
)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca")
STARTS = st.integers(0, 365 * 86_400).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
LENGTHS = st.sampled_from((1, 10, 100, 1_000, 10_000, 40_000)).map(lambda minutes: timedelta(minutes=minutes))


def walked(expression, zone, after, until):
    found, moment = [], next_fire(expression, zone, after, "k")
    while moment is not None and moment <= until:
        found.append(moment)
        moment = next_fire(expression, zone, moment, "k")
    return found


@given(st.sampled_from(EXPRESSIONS), st.sampled_from(ZONES), STARTS, LENGTHS)
@settings(max_examples=80, deadline=None)
def test_the_count_is_that_of_walking_through_them(expression, zone, after, length):
    """Over both clock changes, over months, and where there is no moment at all."""
    found = walked(expression, zone, after, after + length)
    span = fires_within(expression, zone, after, after + length, "k")
    assert span == (Span(found[0], found[-1], len(found)) if found else None)
    if span is not None:
        rest = without_last(expression, zone, span, "k")
        assert rest == (Span(found[0], found[-2], len(found) - 1) if len(found) > 1 else None)


@pytest.mark.parametrize(
    ("zone", "month", "hours"), [("Europe/Berlin", 3, 23), ("Europe/Berlin", 10, 25), ("UTC", 3, 24)]
)
def test_a_day_of_a_clock_change_has_the_hours_that_pass(zone, month, hours):
    """An hourly stream comes 23 times on the spring day, 25 times on the autumn day."""
    start = datetime(2026, month, 28 if month == 3 else 24, 22 + (month == 3), 30, tzinfo=UTC)
    span = fires_within("@hourly", zone, start, start + timedelta(hours=hours), "k")
    assert span is not None
    assert span.count == hours
