"""The relay between real rows and executors that are told, or refuse, what they carry."""

import threading
import time
from datetime import timedelta

import pytest
from tests.captured import capture_logs

from levada_runtime.foundation.clock import SystemClock
from levada_runtime.store import engine
from levada_runtime.store.failures import UnreachableFailure
from levada_runtime.work.relay import Relay
from levada_runtime.work.service import WorkQueue, new_work


class Carrying:
    """An executor that keeps what it is given until it is told otherwise."""

    def __init__(self, capacity=2):
        self.carried = []
        self.drained = None
        self._capacity = capacity
        self.refuses = None

    def start(self, lost, freed):
        self.lost, self.freed = lost, freed

    def submit(self, tokens):
        if tokens and self.refuses:
            raise self.refuses
        self.carried += tokens

    def in_flight(self):
        return list(self.carried)

    def capacity(self):
        return self._capacity - len(self.carried)

    def drain(self, timeout):
        self.drained = timeout


@pytest.fixture
def crashes():
    return []


@pytest.fixture
def executor():
    return Carrying()


@pytest.fixture
def queue(store, clock):
    return WorkQueue(store, clock, timedelta(seconds=30))


@pytest.fixture
def relay(queue, executor, crashes):
    relay = Relay(queue, executor, 0.01, crashes.append, alert_s=60)
    yield relay
    relay.stop(0)


@pytest.fixture
def enter(store, clock):
    """Returns what enters due work of a kind."""

    def enter(kind="poll", **more):
        row = new_work(
            org_id=1, connection_id=2, kind=kind, key=f"{kind}:a", payload={}, now=clock.now(), max_attempts=3, **more
        )
        with store.write() as uow:
            uow.work.add(row)
        return row.id

    return enter


def within(seconds, true):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def of(store, work_id):
    with store.read() as uow:
        row = uow.work.get(work_id)
    return row.state, row.owner, row.attempt


def test_what_is_not_done_when_it_stops_is_free_and_was_not_an_attempt(store, executor, relay, enter):
    """Leases are let go at once, not waited for, and an interruption counts against nobody."""
    work = enter()
    relay.start()
    within(5, lambda: executor.carried == [(work, 1)])
    assert of(store, work)[0] == "running"
    relay.stop(7)
    assert executor.drained == 7
    assert of(store, work) == ("queued", None, 0)


def test_a_worker_that_dies_counts_and_one_that_was_killed_to_stop_does_not(store, executor, relay, enter):
    """The first may have died of its work."""
    work = enter()
    relay.start()
    within(5, lambda: executor.carried == [(work, 1)])
    executor.carried.clear()
    executor.lost((work, 1))
    assert of(store, work)[2] == 1
    within(5, lambda: executor.carried == [(work, 2)])
    executor.drain = lambda _timeout: executor.lost((work, 2))
    relay.stop(0)
    assert of(store, work) == ("queued", None, 1)


def test_work_that_found_no_worker_was_not_tried(store, executor, relay, enter):
    """A worker may die between the look for one and the token for it; that says nothing about the work."""
    work = enter()
    relay.start()
    for fence in range(1, 6):
        within(5, lambda fence=fence: executor.carried == [(work, fence)])
        assert of(store, work)[2] == 1
        executor.carried.clear()
        executor.lost((work, fence), tried=False)


def test_the_lease_of_what_is_being_done_is_renewed_and_nobody_else_gets_it(store, enter, crashes):
    """Long after a lease would have run out, and with another relay looking for what is lost."""
    queues = [WorkQueue(store, SystemClock(), timedelta(seconds=0.9)) for _ in range(2)]
    queues[0].owner, queues[1].owner = "one-machine/boot/1/1", "another-machine/boot/1/1"
    executors = [Carrying(), Carrying()]
    relays = [Relay(queue, one, 0.01, crashes.append) for queue, one in zip(queues, executors, strict=True)]
    work = enter()
    relays[0].start()
    within(5, lambda: executors[0].carried == [(work, 1)])
    relays[1].start()
    time.sleep(2.5)
    assert of(store, work) == ("running", "one-machine/boot/1/1", 1)
    executors[0].carried.clear()  # It is forgotten, as if its machine had vanished: nobody renews it any more.
    within(5, lambda: [*executors[0].carried, *executors[1].carried] == [(work, 2)])
    for relay in relays:
        relay.stop(0)
    assert crashes == []


def test_an_executor_that_refuses_ends_the_relay_and_the_work_is_recovered(
    store, clock, queue, executor, relay, enter, crashes
):
    """It does not go on with what may be a dead connection; the claim is free once its holder is gone."""
    work, executor.refuses = enter(), ConnectionError("the broker is gone")
    relay.start()
    within(5, lambda: crashes == [executor.refuses])
    assert not relay._thread.is_alive()
    assert of(store, work)[0] == "running"
    relay.stop(0)
    assert of(store, work) == ("queued", None, 0)


def test_what_is_lost_on_the_executors_own_thread_is_heard_of(store, executor, relay, enter, crashes):
    """A store that cannot be asked there ends the daemon too, instead of a worker's thread in silence."""
    relay.start()
    relay._queue.free = lambda *_words, **_more: 1 / 0
    executor.lost((1, 1))
    assert [type(error) for error in crashes] == [ZeroDivisionError]


def test_stopping_goes_on_when_the_store_is_gone(store, executor, relay, monkeypatch):
    """Workers are drained all the same; what they held runs out by itself."""
    relay.start()

    def gone(*_words):
        raise UnreachableFailure("it cannot be reached", code="database_unreachable")

    monkeypatch.setattr(relay._queue, "renew", gone)
    monkeypatch.setattr(relay._queue, "let_go", gone)
    relay.stop(3)
    assert executor.drained == 3


def test_work_that_nobody_takes_is_told_of_but_for_backfills(store, clock, queue, enter, crashes):
    """An operator learns that there are too few workers, or that nobody carries out anything."""
    executor = Carrying(capacity=0)
    relay = Relay(queue, executor, 0.01, crashes.append, alert_s=60)
    enter("webhook")
    enter("backfill")
    clock.pass_time(seconds=61)
    assert {kind: age.total_seconds() for kind, age in queue.waiting().items()} == {"backfill": 61, "webhook": 61}
    with capture_logs() as told:
        relay._watch()
    assert [(one["log_level"], one["kind"], one["for_s"]) for one in told] == [("warning", "webhook", 61)]


def test_a_relay_tells_for_how_long_it_has_not_looked(queue, crashes):
    """One that stands still is seen by whoever asks whether the daemon is ready."""
    stuck, go_on = threading.Event(), threading.Event()
    executor = Carrying()
    executor.capacity = lambda: (stuck.set(), go_on.wait(20), 0)[-1]
    relay = Relay(queue, executor, 0.01, crashes.append)
    relay.start()
    assert stuck.wait(5)
    before = relay.idle_s()
    time.sleep(0.3)
    assert relay.idle_s() > before + 0.25
    go_on.set()
    within(5, lambda: relay.idle_s() < 0.2)
    relay.stop(0)


@pytest.mark.databases("sqlite")
def test_a_store_that_is_written_to_for_long_ends_nothing(relay, executor, enter, crashes, store, monkeypatch):
    """A snapshot of a million entities is one transaction: what is due is taken once that has ended."""
    monkeypatch.setattr(engine, "_PATIENT_MS", 20)
    work = enter()
    with capture_logs() as said, store.write():
        relay.start()
        within(10, lambda: any("writing to the store for long" in line["event"] for line in said))
        executor.lost((work, 1), tried=True)
        assert executor.carried == []
    within(10, lambda: [one[0] for one in executor.carried] == [work])
    assert crashes == []
