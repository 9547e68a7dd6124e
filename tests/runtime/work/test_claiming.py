"""Many claimers at once: of one key one piece of work is being done, and none is done twice."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest

from levada_runtime.foundation.ids import row_ids
from levada_runtime.store import locks
from levada_runtime.work.owners import this_process
from levada_runtime.work.service import WorkQueue, new_work
from levada_runtime.work.versions import UNDERSTOOD

CLAIMERS, KEYS, ROWS = 8, 4, 60
LEASE = timedelta(seconds=30)
ELSEWHERE = "another-machine/boot/pid:[1]/77/1"


class Line:
    """Notices whoever does two pieces of work of one key at once, or one piece twice."""

    def __init__(self):
        self._lock = threading.Lock()
        self._busy = {}
        self.done = []
        self.wrong = []

    def begin(self, key, work_id):
        with self._lock:
            if key in self._busy:
                self.wrong.append((key, work_id, "while", self._busy[key]))
            self._busy[key] = work_id

    def end(self, key, work_id):
        with self._lock:
            del self._busy[key]
            self.done.append(work_id)


def row_of(clock, key, **more):
    return new_work(
        org_id=1, connection_id=2, kind="poll", key=key, payload={"key": key}, now=clock.now(), max_attempts=3, **more
    )


def enter(store, clock, work_ids):
    """Enter work under given ids, over all keys in turn."""
    with store.write() as uow:
        for number, work_id in enumerate(work_ids):
            row = row_of(clock, f"key-{number % KEYS}")
            uow.work.add(
                type(row)(**{**{name: getattr(row, name) for name in row.__dataclass_fields__}, "id": work_id})
            )


def work_off(store, clock, line, number, over):
    """Claim and complete until there is nothing left, as a relay would, and now and then as a foreground run would."""
    queue, chance = WorkQueue(store, clock, LEASE), random.Random(number)
    while not over.is_set():
        if chance.random() < 0.3:
            token = queue.claim_next(1, 2, f"key-{chance.randrange(KEYS)}")
            tokens = [token] if token else []
        else:
            tokens = queue.claim_due(chance.randint(1, 4))
        for token in tokens:
            with store.read() as uow:
                key = uow.work.get(token[0]).key
            line.begin(key, token[0])
        for token in tokens:
            with store.write() as uow:
                assert uow.work.holds(*token)
                row = uow.work.get(token[0])
                line.end(row.key, row.id)
                assert uow.work.complete(*token)


def test_eight_claimers_do_each_piece_once_and_never_two_of_a_key(store, clock):
    """Also while work comes in late, under ids that are older than what is being done already."""
    ids = list(row_ids(ROWS))
    late = ids[1::4]
    enter(store, clock, [one for one in ids if one not in set(late)])
    line, over = Line(), threading.Event()
    with ThreadPoolExecutor(CLAIMERS) as threads:
        claimers = [threads.submit(work_off, store, clock, line, number, over) for number in range(CLAIMERS)]
        for one in late:
            enter(store, clock, [one])
        deadline = time.monotonic() + 60
        while len(line.done) < ROWS and time.monotonic() < deadline and not any(one.done() for one in claimers):
            time.sleep(0.02)
        over.set()
        for claimer in claimers:
            claimer.result()
    assert line.wrong == []
    assert sorted(line.done) == ids


def test_work_that_was_entered_late_waits_for_what_is_being_done(store, clock):
    """An older id does not overtake: one piece of a key at a time."""
    queue = WorkQueue(store, clock, LEASE)
    older, newer = row_ids(2)
    enter(store, clock, [newer])
    ((claimed, fence),) = queue.claim_due(1)
    enter(store, clock, [older])
    assert claimed == newer
    assert queue.claim_due(1) == []
    assert queue.claim_next(1, 2, "key-0") is None
    with store.write() as uow:
        assert uow.work.complete(claimed, fence)
    assert queue.claim_due(1) == [(older, 1)]


@pytest.mark.databases("postgresql")
def test_a_key_is_not_claimed_while_another_claim_of_it_is_not_committed(store, clock):
    """What the other claims cannot be seen yet, so the line of the key is held instead."""
    older, newer = row_ids(2)
    enter(store, clock, [newer])
    with store.write() as ours:
        (row,) = ours.work.take([newer], clock.now(), UNDERSTOOD)
        ours.work.claim(row, ELSEWHERE, clock.now() + LEASE)
        enter(store, clock, [older])
        assert WorkQueue(store, clock, LEASE).claim_due(5) == []


@pytest.mark.databases("postgresql")
def test_a_claimer_looks_again_once_it_holds_the_line(store, clock, monkeypatch):
    """Another claim may be committed just between a claimer's look and its hold of the line."""
    older, newer = row_ids(2)
    enter(store, clock, [newer])
    rival = ExitStack()
    ours = rival.enter_context(store.write())
    (row,) = ours.work.take([newer], clock.now(), UNDERSTOOD)
    ours.work.claim(row, ELSEWHERE, clock.now() + LEASE)
    enter(store, clock, [older])
    seen = []

    def free_of(connection, names):
        seen.extend(names)
        rival.close()
        return locks.free_of(connection, names)

    monkeypatch.setattr("levada_runtime.store.work.free_of", free_of)
    assert WorkQueue(store, clock, LEASE).claim_due(5) == []
    assert len(seen) == 1


@pytest.mark.databases("postgresql")
def test_a_claim_that_is_being_committed_on_is_not_taken_away_meanwhile(store, clock):
    """Between the check of a fence and the commit nobody frees the row, and nobody waits for it either."""
    queue = WorkQueue(store, clock, LEASE)
    enter(store, clock, row_ids(1))
    (token,) = queue.claim_due(1)
    clock.pass_time(seconds=31)
    with store.write() as uow:
        assert uow.work.holds(*token)
        assert queue.recover() == 0
        queue.renew([token])
        assert queue.claim_due(1) == []
    assert queue.recover() == 1
    with store.write() as uow:
        assert not uow.work.holds(*token)


@pytest.mark.databases("postgresql")
def test_a_stale_claim_waits_for_the_new_one_and_then_knows(store, clock):
    """A fence that is lost while it is being asked for is lost."""
    queue = WorkQueue(store, clock, LEASE)
    enter(store, clock, row_ids(1))
    (token,) = queue.claim_due(1)
    asked, answered = threading.Event(), []

    def ask():
        with store.write() as uow:
            asked.set()
            answered.append(uow.work.holds(*token))

    with store.write() as uow:
        row = uow.work.get(token[0])
        uow.work.release(row, not_before=clock.now(), attempt=0)
        waiting = threading.Thread(target=ask)
        waiting.start()
        asked.wait(10)
        time.sleep(0.2)
        assert answered == []
    waiting.join(10)
    assert answered == [False]


def test_recovery_leaves_alone_what_a_daemon_on_another_machine_holds(store, clock):
    """Only the end of its lease says that it is gone; its pid means nothing here."""
    queue = WorkQueue(store, clock, LEASE)
    enter(store, clock, row_ids(1))
    queue.owner = ELSEWHERE
    queue.claim_due(1)
    queue.owner = this_process()
    clock.pass_time(seconds=29)
    assert queue.recover() == 0
    clock.pass_time(seconds=2)
    assert queue.recover() == 1
