"""The golden tables of the schedule: ordinary days, both clock changes, `H`, and what is not a moment."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from levada_runtime.scheduler.cron import next_fire

BERLIN = "Europe/Berlin"
NEW_YORK = "America/New_York"


def fires(expression: str, zone: str, start: str, count: int, hash_id: str = "x") -> list[str]:
    moment, found = datetime.fromisoformat(start), []
    for _ in range(count):
        following = next_fire(expression, zone, moment, hash_id)
        assert following is not None
        moment = following
        found.append(moment.astimezone(ZoneInfo(zone)).strftime("%d %H:%M%z"))
    return found


@pytest.mark.parametrize(
    ("expression", "zone", "start", "expected"),
    [
        ("*/15 * * * *", "UTC", "2026-03-01T12:07:00Z", ["01 12:15+0000", "01 12:30+0000", "01 12:45+0000"]),
        ("0 0 * * 0", "UTC", "2026-03-02T00:00:00Z", ["08 00:00+0000", "15 00:00+0000"]),
        ("0 0 * * 7", "UTC", "2026-03-02T00:00:00Z", ["08 00:00+0000", "15 00:00+0000"]),
        ("0 0 * * 1", "UTC", "2026-03-01T00:00:00Z", ["02 00:00+0000", "09 00:00+0000"]),
        ("0 0 * * sat", "UTC", "2026-03-01T00:00:00Z", ["07 00:00+0000", "14 00:00+0000"]),
        ("@hourly", "UTC", "2026-03-01T12:07:00Z", ["01 13:00+0000", "01 14:00+0000"]),
        ("0 0 29 2 *", "UTC", "2026-03-01T00:00:00Z", ["29 00:00+0000", "29 00:00+0000"]),
    ],
)
def test_on_ordinary_days_the_wall_clock_is_followed(expression, zone, start, expected):
    """Sunday is 0 and 7, Monday is 1, and `@hourly` is on the hour."""
    assert fires(expression, zone, start, len(expected)) == expected


@pytest.mark.parametrize(
    ("expression", "zone", "start", "expected"),
    [
        ("30 2 * * *", BERLIN, "2026-03-28T00:00:00Z", ["28 02:30+0100", "29 03:00+0200", "30 02:30+0200"]),
        ("0 3 * * *", BERLIN, "2026-03-28T12:00:00Z", ["29 03:00+0200", "30 03:00+0200"]),
        ("0 */2 * * *", BERLIN, "2026-03-28T22:00:00Z", ["29 00:00+0100", "29 04:00+0200", "29 06:00+0200"]),
        ("*/15 * * * *", BERLIN, "2026-03-29T00:20:00Z", ["29 01:30+0100", "29 01:45+0100", "29 03:00+0200"]),
        ("30 2 * * *", NEW_YORK, "2026-03-08T00:00:00Z", ["08 03:00-0400", "09 02:30-0400"]),
    ],
)
def test_in_the_spring_gap_a_fixed_hour_fires_once_at_the_first_instant_after_it(expression, zone, start, expected):
    """A fixed time that the gap swallowed is made up for once; `*` and `*/n` hours follow elapsed time."""
    assert fires(expression, zone, start, len(expected)) == expected


@pytest.mark.parametrize(
    ("expression", "zone", "start", "expected"),
    [
        ("30 2 * * *", BERLIN, "2026-10-24T12:00:00Z", ["25 02:30+0200", "26 02:30+0100"]),
        ("15 2,3 * * *", BERLIN, "2026-10-24T12:00:00Z", ["25 02:15+0200", "25 03:15+0100", "26 02:15+0100"]),
        (
            "*/20 * * * *",
            BERLIN,
            "2026-10-25T00:30:00Z",
            ["25 02:40+0200", "25 02:00+0100", "25 02:20+0100", "25 02:40+0100", "25 03:00+0100"],
        ),
        ("30 1 * * *", NEW_YORK, "2026-11-01T00:00:00Z", ["01 01:30-0400", "02 01:30-0500"]),
    ],
)
def test_in_the_autumn_fold_a_fixed_hour_fires_once_at_its_first_occurrence(expression, zone, start, expected):
    """The hour that comes twice counts once for a fixed hour; every quarter of an hour stays one."""
    assert fires(expression, zone, start, len(expected)) == expected


def test_h_stands_still_for_one_stream_and_differs_between_streams():
    """`H` is placed by the stream's id, and by nothing else."""
    start = "2026-03-01T12:00:00Z"
    places = {hash_id: fires("H * * * *", "UTC", start, 1, hash_id)[0] for hash_id in ("a", "b", "c", "d", "e")}
    assert places == {hash_id: fires("H * * * *", "UTC", start, 1, hash_id)[0] for hash_id in places}
    assert len(set(places.values())) > 1


def test_a_day_that_never_comes_has_no_next_moment():
    """The thirtieth of February fires never, and the search ends."""
    assert next_fire("0 0 30 2 *", "UTC", datetime(2026, 1, 1, tzinfo=UTC), "x") is None
