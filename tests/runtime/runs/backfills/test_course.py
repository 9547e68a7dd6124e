"""How a span of time is cut, and what a backfill does next: pure rules."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada import Window
from levada_runtime.runs.course import ends_at, next_move
from levada_runtime.runs.windows import MOST_SLICES, Cut, Span
from levada_runtime.store.backfills_model import BackfillRow, SliceRow

START = datetime(2025, 1, 31, tzinfo=UTC)
BEGUN = datetime(2026, 3, 1, tzinfo=UTC)
BEFORE = BEGUN - timedelta(hours=1)
SPANS = ["P7D", "P1D", "P2W", "P1M", "P1M15D", "PT6H", "PT90M", "P1DT12H"]


def test_a_slice_of_months_ends_where_the_calendar_says():
    """A day that a month has not is its last one, and the next slice begins where this one ended."""
    cut = Cut(START, datetime(2025, 5, 10, tzinfo=UTC), Span.read("P1M"))
    edges = [cut.window(number).start.date().isoformat() for number in range(cut.count())]
    assert edges == ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30"]
    assert cut.window(3) == Window(datetime(2025, 4, 30, tzinfo=UTC), datetime(2025, 5, 10, tzinfo=UTC))


@given(
    begins=st.datetimes(datetime(1970, 1, 1), datetime(2026, 1, 1)),  # noqa: DTZ001 - made aware below
    length=st.timedeltas(timedelta(minutes=1), timedelta(days=200)),
    span=st.sampled_from(SPANS),
)
def test_slices_meet_and_fill_the_span_and_nothing_else(begins, length, span):
    """Nothing is left out and nothing belongs to two of them, whatever the span."""
    begins = begins.replace(tzinfo=UTC)
    cut = Cut(begins, begins + length, Span.read(span))
    windows = [cut.window(number) for number in range(cut.count())]
    assert windows[0].start == begins
    assert windows[-1].end == begins + length
    assert all(one.start < one.end for one in windows)
    assert all(one.end == other.start for one, other in pairwise(windows))


def test_too_many_slices_are_not_counted_to_the_end():
    """Nor is a slice beyond the end of time."""
    hour = Span.read("PT1H")
    assert Cut(START, START + timedelta(hours=MOST_SLICES), hour).count() == MOST_SLICES
    assert Cut(START, START + timedelta(hours=MOST_SLICES, minutes=1), hour).count() is None
    assert Cut(START, START + timedelta(days=1), Span.read("P99999M")).count() == 1


@pytest.mark.parametrize("spelt", ["", "P", "PT", "7 days", "P1Y", "P1.5D", "-P1D", "P0D", "PT0H", "P1DT", "P9" * 20])
def test_what_is_no_length_of_time_is_refused(spelt):
    """By name."""
    with pytest.raises(ValueError, match=r"no ISO 8601 duration|no time at all"):
        Span.read(spelt)


def backfill(**changed):
    row = {
        "org_id": 1, "connection_id": 2, "id": "b", "stream": "days", "state": "running", "begins_at": START,
        "ends_at": START + timedelta(days=10), "slice": "P1D", "slices": 10, "entered": 0, "parallel": 3,
        "created_at": BEFORE, "begun_at": BEGUN,
    }  # fmt: skip
    return BackfillRow(**{**row, **changed})


def ran(number, state, reason=None, *, queued_at=BEGUN):
    window = START + timedelta(days=number), START + timedelta(days=number + 1)
    return SliceRow(f"run-{number}", *window, state, reason, None, queued_at, None, None)


def days(move):
    return [(one.start - START).days for one in move.windows]


def test_as_many_are_entered_as_there_is_room_for():
    """In order of time; what waits and what runs takes up room."""
    assert days(next_move(backfill(), [])) == [0, 1, 2]
    standing = [ran(0, "succeeded"), ran(1, "running"), ran(2, "queued")]
    move = next_move(backfill(entered=3), standing)
    assert (days(move), move.entered, move.state) == ([3], 4, None)
    assert days(next_move(backfill(entered=10), [ran(day, "running") for day in range(10)])) == []


def test_what_failed_before_it_was_resumed_comes_first():
    """Then what was never entered; what failed since is left alone."""
    standing = [
        ran(0, "failed", "timeout", queued_at=BEFORE),
        ran(1, "succeeded", queued_at=BEFORE),
        ran(2, "cancelled", queued_at=BEFORE),
        ran(3, "failed", "timeout"),
    ]
    move = next_move(backfill(entered=4), standing)
    assert (days(move), move.entered) == ([0, 2, 4], 5)


@pytest.mark.parametrize(
    ("standing", "changed", "state"),
    [
        ([ran(day, "succeeded") for day in range(10)], {}, "succeeded"),
        ([ran(4, "partial")], {}, "partial"),
        ([ran(4, "failed"), ran(5, "partial")], {}, "failed"),
        ([ran(4, "cancelled")], {}, "failed"),
        ([], {}, "succeeded"),
        ([ran(0, "failed", "auth")], {"entered": 1}, "failed"),
        ([ran(0, "succeeded")], {"entered": 1, "cancel_requested_at": BEGUN}, "cancelled"),
        ([ran(0, "succeeded"), ran(1, "running")], {"entered": 2, "cancel_requested_at": BEGUN}, None),
        ([ran(0, "failed", "auth"), ran(1, "running")], {"entered": 2}, None),
    ],
    ids=str,
)
def test_how_a_backfill_ends(standing, changed, state):
    """As its worst slice did, once none is under way and none is to be entered."""
    has_partial = any(one.state == "partial" for one in standing)
    move = next_move(backfill(**{"entered": 10, **changed}), standing, has_partial=has_partial)
    assert (list(move.windows), move.state) == ([], state)


def test_a_backfill_that_nobody_may_go_on_with_is_cancelled():
    """Once nothing of it is under way."""
    assert next_move(backfill(), [], abandoned=True).state == "cancelled"
    assert next_move(backfill(entered=1), [ran(0, "running")], abandoned=True).state is None


def test_the_end_is_told_from_how_fast_slices_ended_lately():
    """Two at once, ten seconds each: five seconds a slice, whatever the first ones took."""
    seconds = [(2000 + day // 2 * 10, 2010 + day // 2 * 10) for day in range(20)]
    lately = [(BEGUN + timedelta(seconds=one), BEGUN + timedelta(seconds=other)) for one, other in seconds[::-1]]
    row = backfill(slices=122, entered=22)
    now = BEGUN + timedelta(seconds=2101)
    assert ends_at(row, 22, lately, now) == BEGUN + timedelta(seconds=2100 + 100 * 5)
    assert ends_at(row, 0, [], now) is None
    assert ends_at(backfill(state="failed"), 22, lately, now) is None
    late = BEGUN + timedelta(days=1)
    assert ends_at(row, 22, lately, late) == late
