"""The ledger: every scheduled moment has a row that says what became of it, and why; each is run once at most."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.runtime.scheduler.conftest import make_connection

from levada_runtime.runs.queue import RunQueue
from levada_runtime.runs.ticks import Due, Span, late_s, outgrew

QUARTER = timedelta(minutes=15)


@pytest.fixture
def queue(store, clock):
    return RunQueue(store, clock, 3)


@pytest.fixture
def come(queue, clock):
    """Returns what lets a moment come: now, or `late` after it was scheduled."""

    def come(stream, at=None, earlier=None, **late):
        moment = at or clock.now()
        clock.moment = moment + timedelta(**late)
        return queue.tick([Due(stream, moment, earlier)])

    return come


def end_work(store):
    """Let whoever stands first in the stream's line be done."""
    with store.write() as uow:
        row = uow.work.unfinished_of(1, 2, "stream:customers")[0]
        claimed = uow.work.claim(row, "x", row.queued_at)
        uow.work.complete(claimed.id, claimed.fence)


def begin_work(store):
    with store.write() as uow:
        row = uow.work.unfinished_of(1, 2, "stream:customers")[0]
        uow.work.claim(row, "x", row.queued_at + timedelta(hours=1))


def test_one_moment_makes_one_run_however_many_schedulers_there_are(store, come, lay, stream, ledger, clock):
    """The ledger holds each moment once."""
    lay(stream())
    assert len(come(stream())) == 1
    assert come(stream()) == []
    with store.read() as uow:
        assert len(uow.work.unfinished_of(1, 2, "stream:customers")) == 1
    assert ledger() == ["12:00 ran"]


def test_a_moment_that_comes_while_a_run_goes_on_is_skipped_and_says_so(store, come, lay, stream, ledger, clock):
    """Runs of one stream do not pile up."""
    lay(stream())
    come(stream())
    begin_work(store)
    assert come(stream(), clock.now() + QUARTER) == []
    assert ledger() == ["12:00 ran", "12:15 skipped overlap"]
    end_work(store)
    assert len(come(stream(), clock.now() + QUARTER)) == 1


def test_a_stream_that_queues_one_has_one_waiting_and_no_more(store, come, lay, stream, ledger, clock):
    """With `queue_one` the moment that came meanwhile is run next; those behind it are skipped."""
    one = stream(overlap="queue_one")
    lay(one)
    come(one)
    begin_work(store)
    assert len(come(one, clock.now() + QUARTER)) == 1
    assert come(one, clock.now() + QUARTER) == []
    end_work(store)
    begin_work(store)
    assert len(come(one, clock.now() + QUARTER)) == 1
    assert ledger() == ["12:00 ran", "12:15 ran", "12:30 skipped overlap", "12:45 ran"]


@pytest.mark.parametrize("state", ["paused", "needs_attention"])
def test_a_connection_that_rests_is_not_polled_and_the_ledger_says_why(come, lay, stream, ledger, state):
    """A tick is never silently lost."""
    lay(stream(), state=state)
    assert come(stream()) == []
    assert ledger() == [f"12:00 skipped {state}"]


def test_a_stream_that_rests_is_not_polled_by_what_its_row_says_by_now(come, lay, stream, ledger):
    """A pause counts from the moment it is committed, whatever the schedule still knows."""
    lay(stream(paused=True))
    assert come(stream(paused=False)) == []
    assert ledger() == ["12:00 skipped paused"]


def test_a_stream_or_a_connection_that_is_gone_has_no_more_moments(store, come, lay, stream, ledger, clock):
    """Neither a run nor a row is made for it."""
    lay()
    assert come(stream()) == []
    lay(stream())
    with store.write() as uow:
        uow.connections.change(1, 2, clock.now(), state="removed")
    assert come(stream()) == []
    assert ledger() == []


def test_a_run_of_a_connection_in_observe_mode_observes(come, lay, stream):
    """The mode is the connection's at the moment the run is entered."""
    lay(stream(), mode="observe")
    (run,) = come(stream())
    assert run.observing


def outage(clock):
    """Three moments that passed before the latest."""
    first = clock.now()
    return Span(first, first + 2 * QUARTER, 3), first + 3 * QUARTER


def test_an_outage_is_one_row_and_its_latest_moment_is_made_up_for(come, lay, stream, ledger, clock):
    """By default one run catches up, however long nobody was there."""
    lay(stream())
    earlier, latest = outage(clock)
    (run,) = come(stream(), latest, earlier, minutes=5)
    assert run.scheduled_for == latest
    assert ledger() == ["12:00 skipped down until 12:30 count 3", "12:45 ran"]


def test_a_stream_that_skips_what_it_missed_runs_nothing_late(come, lay, stream, ledger, clock):
    """With `skip` the whole outage is one row, its last moment among it."""
    one = stream(missed="skip")
    lay(one)
    earlier, latest = outage(clock)
    assert come(one, latest, earlier, minutes=5) == []
    assert ledger() == ["12:00 skipped down until 12:45 count 4"]
    assert come(one, latest + QUARTER, minutes=5) == []
    assert ledger()[-1] == "13:00 skipped down until 13:00 count 1"


def test_a_moment_taken_within_a_minute_was_not_missed(come, lay, stream, ledger, clock):
    """A scheduler that was busy for seconds was not away; what passed before it was."""
    one = stream(missed="skip")
    lay(one)
    earlier, latest = outage(clock)
    assert len(come(one, latest, earlier, seconds=40)) == 1
    assert ledger() == ["12:00 skipped down until 12:30 count 3", "12:45 ran"]


def test_many_streams_are_entered_together_and_each_has_its_row(store, queue, lay, stream, ledger, clock):
    """One transaction may hold moments of many streams."""
    streams = [stream(f"s{number}") for number in range(20)]
    lay(*streams)
    runs = queue.tick([Due(one, clock.now()) for one in streams])
    assert {run.stream for run in runs} == {one.stream for one in streams}
    assert {tuple(ledger(one.stream)) for one in streams} == {("12:00 ran",)}


def test_late_is_until_the_run_began_or_else_was_entered(store, come, lay, stream, clock):
    """A moment that had to wait for a worker was late; one that was skipped was not."""
    lay(stream())
    (run,) = come(stream(), seconds=2.5)
    begin_work(store)
    come(stream(), run.scheduled_for + QUARTER)
    with store.read() as uow:
        skipped, ran = uow.ticks.of(1, 2, "customers", 10)
    assert late_s(ran, None) == 2.5
    assert late_s(ran, ran.scheduled_for + timedelta(seconds=61)) == 61
    assert late_s(skipped, None) is None


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [([], False), ([20], False), ([20, 20], True), ([20, 1, 20], True), ([20, 1, 1, 20], False), ([15, 15, 15], False)],
)
def test_a_stream_outgrew_its_interval_when_most_of_its_runs_took_longer(minutes, expected):
    """One slow run says nothing; runs that just fit are no sign."""
    assert outgrew([(timedelta(minutes=took), QUARTER) for took in minutes]) is expected


def test_a_stream_that_comes_twice_at_once_runs_once(queue, lay, stream, ledger, clock):
    """Whether it is the same moment again, or the next one: what was just entered counts."""
    lay(stream())
    due = Due(stream(), clock.now())
    assert len(queue.tick([due, due, Due(stream(), clock.now() + QUARTER)])) == 1
    assert ledger() == ["12:00 ran", "12:15 skipped overlap"]


def test_only_the_stream_that_is_meant_counts_among_many(store, queue, lay, stream, ledger, clock):
    """Neither a line nor a stream of another connection by the same name is mistaken for it."""
    lay(stream("a"), stream("b"))
    with store.write() as uow:
        uow.connections.add(replace(make_connection(), id=3, uid="other", name="other"))
        others = [stream("b", paused=True), stream("c")]
        uow.streams.replace(1, 3, [replace(one, connection_id=3) for one in others])
    queue.tick([Due(stream("b"), clock.now())])
    later = clock.now() + QUARTER
    asked = [stream("a"), replace(stream("b"), connection_id=3), replace(stream("c"), connection_id=3)]
    runs = queue.tick([Due(one, later) for one in asked])
    assert {(run.connection_id, run.stream) for run in runs} == {(2, "a"), (3, "c")}
    with store.read() as uow:
        (tick,) = uow.ticks.of(1, 3, "b", 10)
    assert tick.reason == "paused"
