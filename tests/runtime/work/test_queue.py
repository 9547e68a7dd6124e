"""Claims, leases and fences: one holder per key, and a stale one can complete nothing."""

from datetime import timedelta

import pytest

from levada_runtime.work.owners import is_dead, this_process
from levada_runtime.work.service import WorkQueue, new_work

ORG, CONNECTION = 1, 2
DEAD = "elsewhere"


@pytest.fixture
def queue(store, clock):
    return WorkQueue(store, clock, timedelta(seconds=30))


def enqueue(store, clock, key="stream:a", **more):
    row = new_work(
        org_id=ORG, connection_id=CONNECTION, kind="poll", key=key, payload={}, now=clock.now(), max_attempts=3, **more
    )
    with store.write() as uow:
        uow.work.add(row)
    return row


def dead_owner():
    machine, _, _ = this_process().rsplit("/", 2)
    return f"{machine}/1/0"


def test_only_the_oldest_work_of_a_key_is_claimed(store, clock, queue):
    """Two runs of one stream never go on at once, and their order is kept."""
    first, second = enqueue(store, clock), enqueue(store, clock)
    other = enqueue(store, clock, key="stream:b")
    assert {token[0] for token in queue.claim_due(10)} == {first.id, other.id}
    assert queue.claim_due(10) == []
    with store.write() as uow:
        assert uow.work.complete(first.id, 1)
    assert [token[0] for token in queue.claim_due(10)] == [second.id]


def test_who_has_done_a_row_may_take_the_next_of_its_line(store, clock, queue):
    """It is the oldest of what is left; nothing is taken of a row that is not done, and nothing of other lines."""
    first, second, third = (enqueue(store, clock) for _ in range(3))
    enqueue(store, clock, key="stream:b")
    token = queue.claim_next(ORG, CONNECTION, "stream:a")
    assert queue.claim_following(first) is None
    with store.write() as uow:
        assert uow.work.complete(*token)
    token = queue.claim_following(first)
    assert token == (second.id, 1)
    with store.write() as uow:
        row = uow.work.get(second.id)
        uow.work.release(row, not_before=clock.now() + timedelta(seconds=5), attempt=1)
    assert queue.claim_following(second) is None, "its head waits for another attempt, and nobody goes before it"
    clock.pass_time(seconds=6)
    assert queue.claim_following(first) == (second.id, 2)
    with store.write() as uow:
        assert uow.work.complete(second.id, 2)
    (token,) = [queue.claim_following(second)]
    assert token == (third.id, 1)
    with store.write() as uow:
        assert uow.work.complete(*token)
    assert queue.claim_following(third) is None


def test_a_clock_that_is_put_forward_takes_no_work_from_who_is_at_it(store, clock, queue):
    """A lease that seems to have run out is not lost while its holder says that it is in flight."""
    enqueue(store, clock)
    tokens = queue.claim_due(1)
    clock.pass_time(hours=3)
    assert queue.recover(tokens) == 0
    assert queue.recover([(tokens[0][0], tokens[0][1] + 1)]) == 1


def test_a_clock_that_is_put_back_lets_nothing_wait_that_waits_for_nothing(store, clock, queue):
    """What was entered or freed before is due; only a retry has a moment to wait for."""
    enqueue(store, clock)
    clock.pass_time(hours=-3)
    (token,) = queue.claim_due(1)
    queue.free(token)
    clock.pass_time(hours=-3)
    assert len(queue.claim_due(1)) == 1
    assert queue.recover() == 0
    clock.pass_time(hours=7)
    assert queue.recover() == 1
    clock.pass_time(hours=-3)
    assert len(queue.claim_due(1)) == 1


def test_a_stale_claim_completes_nothing(store, clock, queue):
    """Once work was claimed again, its former holder's fence no longer counts."""
    row = enqueue(store, clock)
    (stale,) = queue.claim_due(1)
    clock.pass_time(seconds=31)
    assert queue.recover() == 1
    (fresh,) = queue.claim_due(1)
    assert fresh == (row.id, stale[1] + 1)
    with store.write() as uow:
        assert not uow.work.complete(*stale)
        assert uow.work.complete(*fresh)


def test_a_renewed_lease_is_not_recovered(store, clock, queue):
    """Work that is still being done stays where it is."""
    enqueue(store, clock)
    tokens = queue.claim_due(1)
    clock.pass_time(seconds=20)
    queue.renew(tokens)
    clock.pass_time(seconds=20)
    assert queue.recover() == 0
    with store.read() as uow:
        assert uow.work.holds(*tokens[0])


def test_work_of_a_dead_process_is_free_at_once(store, clock, queue):
    """A lease need not run out when its owner is known to be dead."""
    enqueue(store, clock)
    queue.owner = dead_owner()
    for _ in range(5):
        ((work_id, _fence),) = queue.claim_due(1)
        assert queue.recover() == 1
    with store.read() as uow:
        assert uow.work.get(work_id).attempt == 0


def test_a_dead_worker_counts_against_its_work_and_a_committed_page_clears_it(store, clock, queue):
    """Work that kills its workers comes to an end; work that gets on does not."""
    enqueue(store, clock)
    for expected in (1, 2):
        (token,) = queue.claim_due(1)
        with store.read() as uow:
            assert uow.work.get(token[0]).attempt == expected
        queue.free(token)
    (token,) = queue.claim_due(1)
    with store.write() as uow:
        uow.work.progressed(*token)
    with store.read() as uow:
        assert uow.work.get(token[0]).attempt == 1


def test_reserved_work_is_left_alone_until_its_process_is_dead(store, clock, queue):
    """What a foreground run entered is its own, but not beyond its death."""
    enqueue(store, clock, reserved_for=this_process())
    assert queue.claim_due(1) == []
    enqueue(store, clock, key="stream:b", reserved_for=dead_owner())
    assert queue.recover() == 1
    assert len(queue.claim_due(10)) == 1


def test_work_that_is_not_due_waits(store, clock, queue):
    """A retry is not claimed before its pause is over."""
    enqueue(store, clock)
    ((work_id, fence),) = queue.claim_due(1)
    with store.write() as uow:
        row = uow.work.get(work_id)
        uow.work.release(row, not_before=clock.now() + timedelta(seconds=5), attempt=row.attempt)
    assert queue.claim_due(1) == []
    clock.pass_time(seconds=6)
    assert queue.claim_due(1) == [(work_id, fence + 1)]


def test_this_process_is_alive_and_one_of_its_number_from_before_is_dead():
    """A process is known by its number and its start, so a number given out again does not deceive."""
    assert not is_dead(this_process())
    assert is_dead(dead_owner())
    assert not is_dead("another-machine/boot/1/0")
