"""The scheduler over a real APScheduler: it follows the streams table, and accounts for every moment."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from levada_runtime.foundation.clock import SystemClock
from levada_runtime.foundation.errors import EnvironmentFailure
from levada_runtime.runs.queue import RunQueue
from levada_runtime.runs.ticks import Due, Span
from levada_runtime.scheduler.accounting import Look, accounted_for, due_since, fire_after
from levada_runtime.scheduler.entering import Entering
from levada_runtime.scheduler.schedule import Scheduler, StreamTrigger
from levada_runtime.store.model import TickRow

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
NOON = NOW.replace(second=0)
QUARTER = timedelta(minutes=15)


def eventually(true, seconds=2.0):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def entering(store, clock):
    """Returns what enters looks into a list or into whatever is given, until the test ends."""
    made = []

    def make(enter):
        made.append(Entering(store, clock, enter))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.stop()


def test_what_was_missed_is_its_latest_moment_and_those_before_it(stream):
    """However long nobody looked, there is one latest moment, and the rest are one span."""
    due = due_since(stream(), NOW - timedelta(hours=5), NOW)
    assert due == Due(stream(), NOON, Span(NOON - timedelta(hours=5) + QUARTER, NOON - QUARTER, 19))
    assert due_since(stream(), NOW - timedelta(days=40), NOW).earlier.count == 40 * 96 - 1
    yearly = stream(schedule="0 0 1 1 *")
    assert due_since(yearly, NOW - timedelta(days=365), NOW) == Due(yearly, datetime(2026, 1, 1, tzinfo=UTC))


def test_nothing_is_due_when_nothing_was_missed(stream):
    """A restart between two moments runs nothing."""
    assert due_since(stream(), NOON, NOW) is None


def test_moments_from_before_a_schedule_was_set_were_never_due(stream):
    """A stream that is new, or has another schedule since, has missed nothing before that."""
    assert accounted_for(stream(), None) is None
    assert accounted_for(stream(schedule_changed_at=NOW), NOON) == NOW
    assert accounted_for(stream(schedule_changed_at=NOON), NOW) == NOW


def test_at_its_start_the_scheduler_makes_up_for_what_the_ledger_lacks(store, clock, lay, stream):
    """The last moment of the ledger is where it goes on from, or since when the schedule is set; else from now."""
    lay(stream(), stream("invoices"), stream("refunds", schedule_changed_at=NOW - timedelta(minutes=20)))
    clock.moment = NOW
    with store.write() as uow:
        uow.ticks.add(TickRow(1, 2, "customers", NOON - 2 * QUARTER, "skipped", "down", None, NOW, NOON - QUARTER, 2))
    due = []
    scheduler = Scheduler(store, clock, due.extend)
    scheduler.start()
    eventually(lambda: len(due) == 2)
    scheduler.stop()
    assert {(one.stream.stream, one.at, one.earlier) for one in due} == {
        ("customers", NOON, None),
        ("refunds", NOON, Span(NOON - QUARTER, NOON - QUARTER, 1)),
    }


def test_the_scheduler_follows_the_streams_table(store, lay, stream):
    """A new schedule, a pause and a removal count within two seconds, without a restart."""
    lay(stream())
    scheduler = Scheduler(store, SystemClock(), lambda _due: None)
    scheduler.start()
    try:
        assert {one.stream.stream for one in scheduler.upcoming()} == {"customers"}
        lay(stream(override="0 3 * * *"), stream("invoices"), stream("refunds", paused=True))
        eventually(lambda: {one.stream.stream for one in scheduler.upcoming()} == {"customers", "invoices"})
        at = {one.stream.stream: one.at for one in scheduler.upcoming()}
        assert at["customers"].hour == 3
        lay()
        eventually(lambda: not scheduler.upcoming())
    finally:
        scheduler.stop()


def test_a_schedule_that_cannot_be_read_stops_no_other(store, clock, lay, stream):
    """Neither at the start nor later; put right, it is followed as the others are."""
    lay(stream("a", schedule="99 99 * * *"), stream("b"), stream("c", timezone="../etc/nowhere"))
    scheduler = Scheduler(store, clock, lambda _due: None)
    scheduler.start()
    try:
        assert {one.stream.stream for one in scheduler.upcoming()} == {"b"}
        lay(stream("a"), stream("b", schedule="1 2"), stream("c", timezone="Nowhere/Land"), stream("d"))
        scheduler.refresh()
        assert {one.stream.stream for one in scheduler.upcoming()} == {"a", "d"}
    finally:
        scheduler.stop()


def test_a_schedule_without_any_moment_left_stops_no_other(store, clock, lay, stream):
    """A day that never comes is never due; given another schedule, the stream is."""
    lay(stream("a", schedule="0 0 30 2 *"), stream("b"))
    scheduler = Scheduler(store, clock, lambda _due: None)
    scheduler.start()
    try:
        assert {one.stream.stream for one in scheduler.upcoming()} == {"b"}
        lay(stream("a"), stream("b"))
        scheduler.refresh()
        assert {one.stream.stream for one in scheduler.upcoming()} == {"a", "b"}
    finally:
        scheduler.stop()


def test_a_trigger_that_nobody_asked_for_long_comes_once(stream):
    """After a sleep of the machine APScheduler does not walk through what passed: the ledger tells of it."""
    trigger = StreamTrigger(stream(), NOON + QUARTER)
    woken = NOON + timedelta(days=30, minutes=3)
    assert trigger.get_next_fire_time(NOON + QUARTER, woken) == fire_after(stream(), woken)
    assert (trigger.came, trigger.before) == (NOON + QUARTER, None)
    assert trigger.get_next_fire_time(NOON + QUARTER, woken) == fire_after(stream(), woken)


def test_a_moment_that_wakes_a_stream_is_entered_as_it_came(store, lay, stream, clock, entering):
    """The next after what the ledger knows: one moment, nothing before it."""
    lay(stream())
    clock.moment = NOW + QUARTER
    due = []
    looks = entering(due.extend)
    for number in (1, 2, 3):
        clock.moment = NOW + number * QUARTER
        at = NOON + number * QUARTER
        looks.look(Look(stream(), at, at - QUARTER if number > 1 else None, at + QUARTER))
        eventually(lambda number=number: len(due) == number)
    looks.look(Look(stream(), NOON + QUARTER, None, NOON + 2 * QUARTER))
    looks.stop()
    assert [(one.at, one.earlier) for one in due] == [(NOON + number * QUARTER, None) for number in (1, 2, 3)]


def test_moments_that_passed_while_the_machine_slept_are_told_of(store, lay, stream, clock, entering):
    """What woke the stream is not the latest moment by now: those from it on are an outage."""
    lay(stream(schedule_changed_at=NOW))
    clock.moment = NOW + timedelta(hours=1)
    due = []
    looks = entering(due.extend)
    looks.look(Look(stream(schedule_changed_at=NOW), NOON + QUARTER, None, NOON + 2 * QUARTER))
    eventually(lambda: due)
    assert [(one.at, one.earlier) for one in due] == [
        (NOON + timedelta(hours=1), Span(NOON + QUARTER, NOON + 3 * QUARTER, 3))
    ]


@pytest.mark.parametrize("failure", [EnvironmentFailure("the database is away"), ConnectionError("so is this")])
def test_no_moment_is_lost_while_the_database_is_away(store, lay, stream, clock, entering, failure):
    """What could not be entered is tried again, with what has come meanwhile."""
    lay(stream())
    clock.moment = NOW
    due, away = [], threading.Event()

    def enter(found):
        if not away.is_set():
            raise failure
        due.extend(found)

    looks = entering(enter)
    with store.write() as uow:
        uow.ticks.add(TickRow(1, 2, "customers", NOON - QUARTER, "ran", None, "r", NOW))
    looks.look(Look(stream(), NOON, None, NOON + QUARTER))
    time.sleep(0.1)
    clock.moment = NOW + QUARTER
    looks.look(Look(stream(), NOON + QUARTER, NOON, NOON + 2 * QUARTER))
    away.set()
    eventually(lambda: due, 4)
    assert [(one.at, one.earlier) for one in due] == [(NOON + QUARTER, Span(NOON, NOON, 1))]


def test_what_has_just_come_goes_before_what_nobody_has_looked_at_yet(store, lay, stream, clock):
    """A scheduler that begins looks at every stream; a moment that comes meanwhile does not wait for all of them."""
    names = [f"s{number}" for number in range(500)]
    changed = NOW - timedelta(hours=1)
    lay(*(stream(name, schedule_changed_at=changed) for name in names))
    clock.moment = NOW
    due = []
    entering = Entering(store, clock, lambda found: due.extend(one.stream.stream for one in found))
    for name in names[:-1]:
        entering.look(Look(stream(name, schedule_changed_at=changed)))
    entering.look(Look(stream(names[-1]), NOON, None, NOON + QUARTER))
    entering.start()
    eventually(lambda: len(due) == len(names), 10)
    entering.stop()
    assert due.index(names[-1]) == 0


def test_a_stream_that_cannot_be_entered_holds_up_no_other(store, lay, stream, clock, entering):
    """Of many that are entered together the others are, by themselves."""
    lay(stream("a"), stream("b"), stream("c"))
    clock.moment = NOW
    due, gate = [], threading.Event()

    def enter(found):
        gate.wait()
        if any(one.stream.stream == "b" for one in found):
            raise ValueError("not this one")
        due.extend(one.stream.stream for one in found)

    looks = entering(enter)
    for name in "abc":
        looks.look(Look(stream(name), NOON, None, NOON + QUARTER))
    gate.set()
    eventually(lambda: sorted(due) == ["a", "c"], 4)


def test_a_clock_that_was_put_back_stops_no_stream(store, lay, stream, clock):
    """What the ledger says of moments that have yet to come was written by a wrong clock, and counts for nothing."""
    lay(stream())
    queue = RunQueue(store, clock, 3)
    clock.moment = NOW + timedelta(days=365)
    queue.tick([Due(stream(), NOON + timedelta(days=365))])
    clock.moment = NOW
    with store.write() as uow:
        assert uow.ticks.accounted([(1, 2, "customers")], NOW) == {}
        uow.ticks.add(TickRow(1, 2, "customers", NOON - QUARTER, "ran", None, "r", NOW))
        assert uow.ticks.accounted([(1, 2, "customers")], NOW) == {(1, 2, "customers"): NOON - QUARTER}
    due = []
    scheduler = Scheduler(store, clock, due.extend)
    scheduler.start()
    eventually(lambda: len(due) == 1)
    wall, steady = scheduler._clocks
    scheduler._clocks = (wall + timedelta(hours=1), steady)  # as if the clock had been put back by an hour since
    eventually(lambda: len(due) == 2, 3)
    scheduler.stop()
    assert [one.at for one in due] == [NOON, NOON]
