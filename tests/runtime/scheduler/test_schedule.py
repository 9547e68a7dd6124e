"""The scheduler over a real APScheduler: it follows the streams table, and makes up once for what it missed."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from levada_runtime.foundation.clock import SystemClock
from levada_runtime.runs.queue import RunQueue
from levada_runtime.scheduler.schedule import Scheduler, missed_since
from levada_runtime.store.model import ConnectionRow, StreamRow, TickRow

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


def stream(name="customers", schedule="*/15 * * * *", **more):
    row = {"override": None, "timezone": "UTC", "paused": False, **more}
    return StreamRow(1, 2, name, ["poll"], schedule, **row)


def connection(**more):
    row = {"settings": {}, "mode": "live", "state": "active", "state_reason": None, **more}
    return ConnectionRow(1, 2, "uid", "acme", "acme", created_at=NOW, updated_at=NOW, **row)


@pytest.fixture
def lay(store):
    """Returns what lays a connection with streams into the store."""

    def lay(*streams, **more):
        with store.write() as uow:
            if uow.connections.get(1, 2) is None:
                uow.connections.add(connection(**more))
            uow.streams.replace(1, 2, list(streams))

    return lay


def test_what_was_missed_is_made_up_for_once_by_its_latest_moment():
    """However long nobody looked, one run catches up."""
    last = NOW - timedelta(hours=5)
    assert missed_since(stream(), last, NOW) == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert missed_since(stream(), NOW - timedelta(days=40), NOW) == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert missed_since(stream(schedule="0 0 1 1 *"), NOW - timedelta(days=365), NOW) == datetime(
        2026, 1, 1, tzinfo=UTC
    )


def test_nothing_is_made_up_for_when_nothing_was_missed():
    """A restart between two moments runs nothing."""
    assert missed_since(stream(), datetime(2026, 3, 1, 12, 0, tzinfo=UTC), NOW) is None


def test_at_its_start_the_scheduler_makes_up_for_what_the_ledger_lacks(store, clock, lay):
    """The last entered moment is where it goes on from; a stream that never ran waits for its first."""
    lay(stream(), stream("invoices"))
    clock.moment = NOW
    with store.write() as uow:
        uow.ticks.add(TickRow(1, 2, "customers", NOW - timedelta(hours=2), "ran", None, None, NOW))
    due = []
    scheduler = Scheduler(store, clock, lambda row, moment: due.append((row.stream, moment)))
    scheduler.start()
    scheduler.stop()
    assert due == [("customers", datetime(2026, 3, 1, 12, 0, tzinfo=UTC))]


def test_the_scheduler_follows_the_streams_table(store, lay):
    """A new schedule, a pause and a removal count within two seconds, without a restart."""
    lay(stream())
    scheduler = Scheduler(store, SystemClock(), lambda _row, _moment: None)
    scheduler.start()
    try:
        assert {one.stream.stream for one in scheduler.upcoming()} == {"customers"}
        lay(stream(override="0 3 * * *"), stream("invoices"), stream("refunds", paused=True))
        deadline = time.monotonic() + 2
        while {one.stream.stream for one in scheduler.upcoming()} != {"customers", "invoices"}:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        at = {one.stream.stream: one.at for one in scheduler.upcoming()}
        assert at["customers"].hour == 3
        lay()
        deadline = time.monotonic() + 2
        while scheduler.upcoming():
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        scheduler.stop()


def test_a_schedule_that_cannot_be_read_stops_no_other(store, clock, lay):
    """Neither at the start nor later; put right, it is followed as the others are."""
    lay(stream("a", schedule="99 99 * * *"), stream("b"), stream("c", timezone="../etc/nowhere"))
    scheduler = Scheduler(store, clock, lambda _row, _moment: None)
    scheduler.start()
    try:
        assert {one.stream.stream for one in scheduler.upcoming()} == {"b"}
        lay(stream("a"), stream("b", schedule="1 2"), stream("c", timezone="Nowhere/Land"), stream("d"))
        scheduler.refresh()
        assert {one.stream.stream for one in scheduler.upcoming()} == {"a", "d"}
    finally:
        scheduler.stop()


@pytest.fixture
def queue(store, clock):
    return RunQueue(store, clock, 3)


def outcomes(store):
    with store.read() as uow:
        return [(tick.outcome, tick.reason) for tick in reversed(uow.ticks.of(1, 2, "customers", 10))]


def test_one_moment_makes_one_run_however_many_schedulers_there_are(store, queue, lay):
    """The ledger holds each moment once."""
    lay(stream())
    assert queue.tick(stream(), NOW) is not None
    assert queue.tick(stream(), NOW) is None
    with store.read() as uow:
        assert len(uow.work.unfinished_of(1, 2, "stream:customers")) == 1
    assert outcomes(store) == [("ran", None)]


def test_a_moment_that_comes_while_a_run_goes_on_is_skipped_and_says_so(store, queue, lay):
    """Runs of one stream do not pile up."""
    lay(stream())
    queue.tick(stream(), NOW)
    assert queue.tick(stream(), NOW + timedelta(minutes=15)) is None
    assert outcomes(store) == [("ran", None), ("skipped", "overlap")]


@pytest.mark.parametrize("state", ["paused", "needs_attention"])
def test_a_connection_that_rests_is_not_polled_and_the_ledger_says_why(store, queue, lay, state):
    """A tick is never silently lost."""
    lay(stream(), state=state)
    assert queue.tick(stream(), NOW) is None
    assert outcomes(store) == [("skipped", state)]


def test_a_run_of_a_connection_in_observe_mode_observes(queue, lay):
    """The mode is the connection's at the moment the run is entered."""
    lay(stream(), mode="observe")
    assert queue.tick(stream(), NOW).observing
