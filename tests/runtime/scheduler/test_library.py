"""Streams as an operator asks about them: their next moments, their ledger, and what is the matter with them."""

from datetime import timedelta

import pytest

from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.foundation.ids import new_uuid
from levada_runtime.runs.queue import RunQueue
from levada_runtime.runs.ticks import Due, Span
from levada_runtime.scheduler.library import StreamLibrary
from levada_runtime.store.model import OrgRow, RunRow

QUARTER = timedelta(minutes=15)
OTHER = timedelta(minutes=1)


@pytest.fixture
def org(store, clock):
    row = OrgRow(1, "default", clock.now())
    with store.write() as uow:
        uow.orgs.add(row)
    return row


@pytest.fixture
def library(store, clock):
    return StreamLibrary(store, clock)


@pytest.fixture
def ended(store, clock):
    """Returns what enters a poll of `customers` that ended, so long after its moment and with this end."""

    def ended(at, took=OTHER, state="succeeded"):
        row = RunRow(
            *(1, 2, new_uuid(), "acme", "customers", "poll"),
            observing=False,
            state=state,
            attempt=1,
            queued_at=at,
            scheduled_for=at,
            started_at=at,
            finished_at=at + took,
        )
        with store.write() as uow:
            uow.runs.add(row)
        return row

    return ended


def at_once(_seconds):
    """Rest for no time at all."""
    return False


def flags(library, org):
    (item,) = library.streams(org, connection="acme", limit=10, cursor=None).items
    return item["flags"]


def test_a_ledger_has_every_moment_with_the_five_to_come(store, library, org, lay, stream, clock):
    """Scripts may rely on the shape; pages follow one another without a moment twice."""
    lay(stream(timezone="Europe/Berlin"))
    queue = RunQueue(store, clock, 3)
    noon = clock.now()
    (run,) = queue.tick([Due(stream(), noon, Span(noon - 4 * QUARTER, noon - QUARTER, 4))])
    clock.moment = noon + QUARTER
    queue.tick([Due(stream(), clock.now())])
    told = library.ticks(org, "acme", "customers", limit=2, cursor=None)
    assert [(one["at"], one["outcome"], one["late_s"], one["reason"], one["run"]) for one in told["items"]] == [
        ("2026-03-01T12:15:00+00:00", "skipped", None, "overlap", None),
        ("2026-03-01T12:00:00+00:00", "ran", 0.0, None, run.id),
    ]
    assert told["next"] == [(clock.now() + number * QUARTER).isoformat() for number in (1, 2, 3, 4, 5)]
    (outage,) = library.ticks(org, "acme", "customers", limit=2, cursor=told["cursor"])["items"]
    assert (outage["reason"], outage["count"], outage["until"]) == ("down", 4, "2026-03-01T11:45:00+00:00")


def test_the_moments_to_come_heed_the_clock_change(library, org, lay, stream, clock):
    """A stream of two in the morning comes at three on the spring day, told in UTC."""
    lay(stream(schedule="30 2 * * *", timezone="Europe/Berlin"))
    clock.moment = clock.now().replace(day=27)
    assert library.ticks(org, "acme", "customers", limit=1, cursor=None)["next"] == [
        "2026-03-28T01:30:00+00:00",
        "2026-03-29T01:00:00+00:00",
        "2026-03-30T00:30:00+00:00",
        "2026-03-31T00:30:00+00:00",
        "2026-04-01T00:30:00+00:00",
    ]


def test_a_stream_whose_runs_outgrow_its_interval_is_flagged(library, org, lay, stream, ended, clock):
    """Two runs that took longer than until the next moment; quick ones take the flag away."""
    lay(stream())
    ended(clock.now() - 4 * QUARTER, took=QUARTER + OTHER)
    assert flags(library, org) == []
    ended(clock.now() - 2 * QUARTER, took=QUARTER + OTHER)
    assert flags(library, org) == ["outgrew_interval"]
    for number in (1, 2, 3):
        ended(clock.now() + number * QUARTER)
    assert flags(library, org) == []


def test_a_stream_without_success_for_longer_than_it_should_is_flagged(store, library, org, lay, stream, ended, clock):
    """One moment may fail; once the run of the second should have ended, it is stale. One that rests is not."""
    lay(stream())
    noon = clock.now()
    ended(noon)
    ended(noon + QUARTER, state="failed")
    clock.moment = noon + 2 * QUARTER + OTHER
    assert flags(library, org) == []
    clock.moment += 2 * OTHER
    assert flags(library, org) == ["stale"]
    assert library.ailing() == {"acme/customers": ["stale"]}
    lay(stream(paused=True))
    assert flags(library, org) == []
    assert library.ailing() == {}
    lay(stream())
    with store.write() as uow:
        uow.connections.change(1, 2, noon, state="paused")
    assert flags(library, org) == []
    with store.write() as uow:
        uow.connections.change(1, 2, noon, state="active")
    ended(noon + 2 * QUARTER, state="partial")
    assert flags(library, org) == []


def test_a_stream_that_never_succeeded_is_measured_from_when_it_was_made(library, org, lay, stream, clock):
    """Where that is not known, nothing is claimed."""
    lay(stream(schedule_changed_at=clock.now()))
    assert flags(library, org) == []
    clock.pass_time(minutes=32)
    assert flags(library, org) == ["stale"]
    lay(stream())
    assert flags(library, org) == []


def test_streams_are_listed_page_by_page(library, org, lay, stream):
    """By connection and stream; one without a schedule has no next moment."""
    lay(stream("a"), stream("b", schedule=None), stream("c", schedule="99 9 * * *"))
    first = library.streams(org, connection=None, limit=2, cursor=None)
    assert [(one["stream"], one["next"] is None) for one in first.items] == [("a", False), ("b", True)]
    rest = library.streams(org, connection=None, limit=2, cursor=first.cursor)
    assert [(one["stream"], one["next"], rest.cursor) for one in rest.items] == [("c", None, None)]


@pytest.mark.parametrize("cursor", ["yesterday", "2026-03-01T12:00:00", "9999-12-31T23:59:59-14:00"])
def test_a_cursor_that_no_list_gave_is_refused(library, org, lay, stream, cursor):
    """It names no moment."""
    lay(stream())
    with pytest.raises(UsageFailure):
        library.ticks(org, "acme", "customers", limit=1, cursor=cursor)
    with pytest.raises(UsageFailure):
        library.streams(org, connection=None, limit=1, cursor=cursor)


def test_what_is_not_there_is_not_found(library, org, lay):
    """Neither a connection nor a stream of one."""
    lay()
    for asked in (("nobody", "customers"), ("acme", "nothing")):
        with pytest.raises(NotFoundFailure):
            library.ticks(org, *asked, limit=1, cursor=None)


def test_flagged_streams_are_counted_a_few_at_a_time(library, lay, stream, ended, clock):
    """The count is what `doctor` lists, however many streams there are; one that is told to stop says nothing."""
    lay(*(stream(f"s{number:02}", schedule_changed_at=clock.now()) for number in range(45)), stream())
    ended(clock.now() - 4 * QUARTER, took=QUARTER + OTHER)
    ended(clock.now() - 2 * QUARTER, took=QUARTER + OTHER)
    assert library.flagged(at_once) == {"outgrew_interval": 1, "stale": 0}
    clock.moment += 4 * QUARTER
    rests = []
    assert library.flagged(rests.append) == {"outgrew_interval": 1, "stale": 46}
    assert len(rests) == 3
    assert sum("stale" in one for one in library.ailing().values()) == 46
    assert library.flagged(lambda seconds: rests.append(seconds) or True) is None
    assert len(rests) == 4
