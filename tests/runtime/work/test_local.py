"""The local executor against real processes: workers that finish, die and drain."""

import sys
import textwrap
import threading
import time

import pytest

from levada_runtime.work.local import LocalExecutor

WORKER = textwrap.dedent(
    """
    import os, threading, time
    from levada_runtime.work.worker import serve_tokens
    draining = threading.Event()
    def handle(token):
        work_id, fence = token
        if work_id == 13:
            os.kill(os.getpid(), 9)
        if work_id == 99:
            draining.wait(20)
        if work_id == 55:
            print("a library had something to say", flush=True)
            time.sleep(60)
        if work_id == 77:
            time.sleep(60)
    def following(token):  # 99 ends only when it is told to drain, and then nothing may follow
        if token[0] == 99:
            return (13, 1)
        return (token[0] + 1, 1) if 200 <= token[0] < 205 or token[0] in (12, 98) else None
    serve_tokens(handle, draining, following)
    """
)


class Lost(list):
    """The tokens that nobody carries out, and those among them that nobody tried."""

    def __init__(self):
        self.untried = []

    def __call__(self, token, *, tried=True):
        self.append(token)
        if not tried:
            self.untried.append(token)


@pytest.fixture
def lost():
    return Lost()


@pytest.fixture
def executor(lost):
    executor = LocalExecutor([sys.executable, "-c", WORKER], 2)
    executor.start(lost)
    wait_until(lambda: executor.capacity() == 2)
    yield executor
    executor.drain(5)


def wait_until(true, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def test_tokens_are_carried_out_and_the_workers_are_idle_again(executor, lost):
    """Each token goes to one idle worker, which takes the next when it is done."""
    for number in range(1, 7):
        wait_until(lambda: executor.capacity() > 0)
        executor.submit([(number, 1)])
    wait_until(lambda: executor.capacity() == 2)
    assert (executor.in_flight(), lost) == ([], [])


def test_a_worker_goes_on_with_what_follows_and_is_busy_with_it(executor, lost):
    """What it took by itself is in flight, so that its lease is kept; it is free when nothing follows."""
    executor.submit([(98, 1)])
    wait_until(lambda: executor.in_flight() == [(99, 1)])
    executor.submit([(200, 1)])
    wait_until(lambda: executor.capacity() == 1)
    assert (executor.in_flight(), lost) == ([(99, 1)], [])


def test_a_worker_that_dies_at_what_follows_gives_up_that_and_nothing_else(executor, lost):
    """The token it was handed is done; the one it took is what nobody carries out."""
    executor.submit([(12, 1)])
    wait_until(lambda: lost == [(13, 1)])


def test_a_worker_that_is_told_to_drain_takes_nothing_more(executor, lost):
    """What follows waits for the next daemon."""
    executor.submit([(99, 1)])
    executor.drain(15)
    assert lost == []


def test_a_dead_workers_token_is_given_up_and_another_takes_its_place(executor, lost):
    """A killed worker costs its token and nothing else."""
    executor.submit([(13, 4)])
    wait_until(lambda: lost == [(13, 4)])
    wait_until(lambda: executor.capacity() == 2)
    executor.submit([(1, 1), (2, 1)])
    wait_until(lambda: executor.capacity() == 2)
    assert lost == [(13, 4)]


def test_a_worker_that_says_what_cannot_be_read_is_replaced(executor, lost):
    """Nobody would know what it is at."""
    executor.submit([(55, 2)])
    wait_until(lambda: lost == [(55, 2)])
    wait_until(lambda: executor.capacity() == 2)
    executor.submit([(1, 1), (2, 1)])
    wait_until(lambda: executor.capacity() == 2)
    assert lost == [(55, 2)]


def test_a_worker_that_cannot_be_started_is_tried_again(tmp_path, lost):
    """A machine that is out of memory for a moment has its workers when that is over."""
    program = tmp_path / "worker"
    executor = LocalExecutor([str(program)], 1)
    executor.start(lost)
    time.sleep(0.2)
    assert (executor.capacity(), executor.pids()) == (0, [])
    made = tmp_path / "made"
    made.write_text(f"#!{sys.executable}\n{WORKER}")
    made.chmod(0o755)
    made.rename(program)
    wait_until(lambda: executor.capacity() == 1)
    executor.drain(5)
    assert lost == []


def test_a_token_too_many_is_given_back(executor, lost):
    """What no worker can take is free for another look at once."""
    executor.submit([(99, 1), (99, 2), (5, 1)])
    assert (lost, lost.untried) == ([(5, 1)], [(5, 1)])
    assert sorted(executor.in_flight()) == [(99, 1), (99, 2)]


def test_draining_tells_the_workers_and_waits_for_them(executor, lost):
    """A worker at a run is told, and gets the time to reach a page."""
    executor.submit([(99, 1)])
    started = time.monotonic()
    waiting = threading.Thread(target=executor.drain, args=(15,))
    waiting.start()
    waiting.join(15)
    assert not waiting.is_alive()
    assert time.monotonic() - started < 10
    assert lost == []


def test_a_worker_that_reaches_no_page_is_killed_when_the_time_is_over_and_its_token_given_up(executor, lost):
    """The end does not wait for one run, and the run is not lost."""
    executor.submit([(77, 1), (99, 1)])
    started = time.monotonic()
    executor.drain(1.0)
    assert 0.9 < time.monotonic() - started < 2.5
    assert (lost, lost.untried) == ([(77, 1)], [])


def test_draining_does_not_wait_for_workers_that_have_hardly_begun(lost):
    """They hold nothing, and nobody would tell the one that is started just now."""
    for pause in (0.0, 0.05, 0.2):
        executor = LocalExecutor([sys.executable, "-c", WORKER], 3)
        executor.start(lost)
        time.sleep(pause)
        started = time.monotonic()
        executor.drain(20)
        assert time.monotonic() - started < 5
        assert executor.pids() == []
    assert lost == []
