"""The golden tables of the schedule: ordinary days, both clock changes, `H`, and what is not a moment."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levada._cron import check_cron
from levada_runtime.scheduler.cron import next_fire

BERLIN = "Europe/Berlin"
NEW_YORK = "America/New_York"
LORD_HOWE = "Australia/Lord_Howe"


def fires(expression: str, zone: str, start: str, count: int, hash_id: str = "x", spelled="%d %H:%M%z") -> list[str]:
    moment, found = datetime.fromisoformat(start), []
    for _ in range(count):
        following = next_fire(expression, zone, moment, hash_id)
        assert following is not None
        moment = following
        found.append(moment.astimezone(ZoneInfo(zone)).strftime(spelled))
    return found


@pytest.mark.parametrize(
    ("expression", "zone", "start", "expected"),
    [
        ("*/15 * * * *", "UTC", "2026-03-01T12:07:00Z", ["01 12:15+0000", "01 12:30+0000", "01 12:45+0000"]),
        ("@hourly", "UTC", "2026-03-01T12:07:00Z", ["01 13:00+0000", "01 14:00+0000"]),
        (" @hourly ", "UTC", "2026-03-01T12:07:00Z", ["01 13:00+0000", "01 14:00+0000"]),
        ("@daily", BERLIN, "2026-03-01T12:07:00Z", ["02 00:00+0100", "03 00:00+0100"]),
        ("@midnight", BERLIN, "2026-03-01T12:07:00Z", ["02 00:00+0100"]),
        ("@weekly", "UTC", "2026-03-02T00:00:00Z", ["08 00:00+0000", "15 00:00+0000"]),
        ("@monthly", "UTC", "2026-03-02T00:00:00Z", ["01 00:00+0000"]),
        ("@yearly", "UTC", "2026-03-02T00:00:00Z", ["01 00:00+0000"]),
        ("0 0 29 2 *", "UTC", "2026-03-01T00:00:00Z", ["29 00:00+0000", "29 00:00+0000"]),
        ("0 0 L * *", "UTC", "2026-01-31T12:00:00Z", ["28 00:00+0000", "31 00:00+0000", "30 00:00+0000"]),
        ("0 0 1 * mon", "UTC", "2026-03-24T00:00:00Z", ["30 00:00+0000", "01 00:00+0000", "06 00:00+0000"]),
        ("0 9-17/4 * * *", "UTC", "2026-03-01T10:00:00Z", ["01 13:00+0000", "01 17:00+0000", "02 09:00+0000"]),
    ],
)
def test_on_ordinary_days_the_wall_clock_is_followed(expression, zone, start, expected):
    """An alias is on the hour or at midnight, and nothing spreads it; spaces around it mean nothing."""
    assert fires(expression, zone, start, len(expected)) == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("0", "Sun Sun"),
        ("1", "Mon Mon"),
        ("2", "Tue Tue"),
        ("3", "Wed Wed"),
        ("4", "Thu Thu"),
        ("5", "Fri Fri"),
        ("6", "Sat Sat"),
        ("7", "Sun Sun"),
        ("sun", "Sun Sun"),
        ("mon", "Mon Mon"),
        ("tue", "Tue Tue"),
        ("wed", "Wed Wed"),
        ("thu", "Thu Thu"),
        ("THU", "Thu Thu"),
        ("fri", "Fri Fri"),
        ("sat", "Sat Sat"),
        ("1-5", "Mon Tue Wed Thu Fri Mon"),
        ("5-7", "Fri Sat Sun Fri"),
        ("0-2", "Mon Tue Sun"),
        ("6-1", "Mon Sat Sun"),
        ("5,7", "Fri Sun Fri"),
        ("*/2", "Tue Thu Sat Sun Tue"),
        ("mon#2", "Mon Mon"),
        ("L5", "Fri Fri"),
    ],
)
def test_every_weekday_is_the_one_that_cron_means(field, expected):
    """Sunday is 0 and 7, Monday is 1; ranges may run over Sunday. The first of March 2026 is one."""
    check_cron(f"0 0 * * {field}")
    found = fires(f"0 0 * * {field}", "UTC", "2026-03-01T00:00:00Z", len(expected.split()), spelled="%a")
    assert " ".join(found) == expected


@pytest.mark.parametrize(
    ("expression", "zone", "start", "expected"),
    [
        ("30 2 * * *", BERLIN, "2026-03-28T00:00:00Z", ["28 02:30+0100", "29 03:00+0200", "30 02:30+0200"]),
        ("0 3 * * *", BERLIN, "2026-03-28T12:00:00Z", ["29 03:00+0200", "30 03:00+0200"]),
        ("0,30 2 * * *", BERLIN, "2026-03-28T12:00:00Z", ["29 03:00+0200", "30 02:00+0200", "30 02:30+0200"]),
        ("30 2 29 3 *", BERLIN, "2026-01-01T00:00:00Z", ["29 03:00+0200", "29 02:30+0200"]),
        ("0 */2 * * *", BERLIN, "2026-03-28T22:00:00Z", ["29 00:00+0100", "29 04:00+0200", "29 06:00+0200"]),
        ("@hourly", BERLIN, "2026-03-29T00:20:00Z", ["29 03:00+0200", "29 04:00+0200"]),
        ("@daily", BERLIN, "2026-03-28T12:00:00Z", ["29 00:00+0100", "30 00:00+0200"]),
        ("*/15 * * * *", BERLIN, "2026-03-29T00:20:00Z", ["29 01:30+0100", "29 01:45+0100", "29 03:00+0200"]),
        ("30 2 * * *", NEW_YORK, "2026-03-08T00:00:00Z", ["08 03:00-0400", "09 02:30-0400"]),
        ("0 */2 * * *", NEW_YORK, "2026-03-08T03:00:00Z", ["08 00:00-0500", "08 04:00-0400", "08 06:00-0400"]),
        ("15 2 * * *", LORD_HOWE, "2026-10-03T00:00:00Z", ["04 02:30+1100", "05 02:15+1100"]),
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
        ("30 2 * * sun", BERLIN, "2026-10-20T12:00:00Z", ["25 02:30+0200", "01 02:30+0100"]),
        (
            "*/20 * * * *",
            BERLIN,
            "2026-10-25T00:30:00Z",
            ["25 02:40+0200", "25 02:00+0100", "25 02:20+0100", "25 02:40+0100", "25 03:00+0100"],
        ),
        ("@hourly", BERLIN, "2026-10-24T23:20:00Z", ["25 02:00+0200", "25 02:00+0100", "25 03:00+0100"]),
        ("0 */2 * * *", BERLIN, "2026-10-24T22:30:00Z", ["25 02:00+0200", "25 02:00+0100", "25 04:00+0100"]),
        ("30 1 * * *", NEW_YORK, "2026-11-01T00:00:00Z", ["01 01:30-0400", "02 01:30-0500"]),
        ("0 0-3 * * *", NEW_YORK, "2026-11-01T03:30:00Z", ["01 00:00-0400", "01 01:00-0400", "01 02:00-0500"]),
    ],
)
def test_in_the_autumn_fold_a_fixed_hour_fires_once_at_its_first_occurrence(expression, zone, start, expected):
    """The hour that comes twice counts once for a fixed hour; every quarter of an hour stays one."""
    assert fires(expression, zone, start, len(expected)) == expected


@pytest.mark.parametrize("expression", ["H * * * *", "h * * * *", "H(0-29)/10 H * * *", "H H * * H"])
def test_h_stands_still_for_one_stream_and_differs_between_streams(expression):
    """`H` is placed by the stream's id, and by nothing else."""
    check_cron(expression)
    start = "2026-03-01T12:00:00Z"
    places = {hash_id: fires(expression, "UTC", start, 1, hash_id)[0] for hash_id in ("a", "b", "c", "d", "e")}
    assert places == {hash_id: fires(expression, "UTC", start, 1, hash_id)[0] for hash_id in places}
    assert len(set(places.values())) > 1


def test_h_keeps_its_place_from_version_to_version():
    """Where a stream stands is told here, so that no change of a library moves ten thousand of them unseen."""
    midnight, placed = "2026-03-01T00:00:00Z", "1/2/customers"
    assert fires("H H * * *", "UTC", midnight, 2, placed) == ["01 15:54+0000", "02 15:54+0000"]
    assert fires("H/15 * * * *", "UTC", midnight, 3, placed) == [
        "01 00:09+0000",
        "01 00:24+0000",
        "01 00:39+0000",
    ]


def test_a_step_through_hashed_hours_follows_elapsed_time_as_one_through_all_does():
    """`H/n` is `*/n` with a place of its own: no hour of it is fixed."""
    expected = ["25 01:30+0200", "25 02:30+0200", "25 02:30+0100", "25 03:30+0100"]
    assert fires("30 H/1 * * *", BERLIN, "2026-10-24T23:00:00Z", 4) == expected


@pytest.mark.parametrize(
    "expression", ["*/61 * * * *", "0 0 30 2 *", "0 0 * * * *", "0 0 0 * * * *", "R * * * *", "R R * * *"]
)
def test_what_nobody_can_mean_is_refused(expression):
    """A step beyond its field, a day that never comes, seconds and years, and croniter's random place."""
    with pytest.raises(ValueError, match=r"must be within|never comes|fields|is not within"):
        check_cron(expression)


PARTS = (
    *("*", "*", "*", "H", "h", "H/3", "H(0-5)", "h(1-4)/2", "*/2", "*/5", "1/2", "0", "5", "7", "12", "23", "31", "59"),
    *("1-5", "5-7", "6-1", "0-7", "1-7/2", "9-2", "L", "l", "L5", "L7", "mon#2", "7#1", "0#l", "sun", "SAT", "fri-mon"),
    *("mon-fri/2", "jan", "dec", "feb-apr", "?", "R", "W"),
)
FIELDS = st.lists(st.sampled_from(PARTS), min_size=1, max_size=2).map(",".join)


@given(st.lists(FIELDS, min_size=5, max_size=5).map(" ".join))
@settings(max_examples=500, deadline=None)
def test_whatever_is_not_refused_fires(expression):
    """The SDK knows croniter's dialect by heart: what it lets pass is read, and comes within eight years."""
    try:
        check_cron(expression)
    except ValueError:
        return
    assert next_fire(expression, BERLIN, datetime(2026, 3, 1, tzinfo=UTC), "k") is not None


def test_a_day_that_never_comes_has_no_next_moment():
    """The thirtieth of February fires never, and the search ends."""
    assert next_fire("0 0 30 2 *", "UTC", datetime(2026, 1, 1, tzinfo=UTC), "x") is None
