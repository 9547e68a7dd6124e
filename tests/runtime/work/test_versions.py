"""Work goes to code that understands it: what a newer daemon entered waits for one, in its place in the line."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from tests.captured import capture_logs

from levada_runtime.daemon.dispatch import Dispatch
from levada_runtime.work.relay import Relay
from levada_runtime.work.service import WorkQueue, new_work
from levada_runtime.work.versions import CODE_VERSION, QUEUE, UNDERSTOOD

ORG, CONNECTION, NEWER = 1, 2, "2"


@pytest.fixture
def older(store, clock):
    """The queue as a daemon sees it that was not upgraded yet."""
    return WorkQueue(store, clock, timedelta(seconds=30))


@pytest.fixture
def newer(store, clock):
    """The queue as a daemon sees it that was."""
    return WorkQueue(store, clock, timedelta(seconds=30), versions=(*UNDERSTOOD, NEWER))


@pytest.fixture
def enter(store, clock):
    """Returns what enters a piece of work of some version, and tells its id."""

    def enter(version=CODE_VERSION, key="stream:a", kind="poll"):
        row = new_work(
            org_id=ORG, connection_id=CONNECTION, kind=kind, key=key, payload={}, now=clock.now(), max_attempts=3
        )
        with store.write() as uow:
            uow.work.add(replace(row, code_version=version))
        return row.id

    return enter


def ids(tokens):
    return [token[0] for token in tokens]


def test_new_work_says_by_which_version_it_was_entered(store, enter):
    """An executor that goes through a broker has a queue of the same name."""
    with store.read() as uow:
        assert uow.work.get(enter()).code_version == CODE_VERSION
    assert CODE_VERSION in UNDERSTOOD
    assert f"w.{CODE_VERSION}" == QUEUE


def test_an_older_daemon_leaves_newer_work_where_it_is_and_a_newer_one_does_both(store, enter, older, newer):
    """Nothing goes before it in its line; other lines go on."""
    first, second, third = enter(), enter(NEWER), enter()
    elsewhere = enter(key="stream:b")
    assert sorted(ids(older.claim_due(9))) == sorted([first, elsewhere])
    with store.write() as uow:
        row = uow.work.get(first)
        assert uow.work.complete(first, 1)
    assert older.claim_due(9) == []
    assert older.claim_next(ORG, CONNECTION, "stream:a") is None
    assert older.claim_following(row) is None
    assert older.foreign() == {NEWER: 1}
    assert newer.foreign() == {}
    assert ids(newer.claim_due(9)) == [second]
    with store.write() as uow:
        assert uow.work.complete(second, 1)
    assert ids(older.claim_due(9)) == [third]


def test_newer_work_that_waits_is_told_of_and_is_no_lack_of_workers(clock, enter, older):
    """The older daemon's log says what is missing: a daemon of that version."""
    enter(NEWER)
    clock.pass_time(hours=1)
    assert older.waiting() == {}
    relay = Relay(older, SimpleNamespace(), 0.01, lambda _error: None, alert_s=60)
    with capture_logs() as told:
        relay._watch()
    assert [(one["code_version"], one["pieces"]) for one in told] == [(NEWER, 1)]


def test_a_token_that_comes_to_an_older_worker_does_not_count_as_an_attempt(store, clock, enter, older, newer):
    """A broker may carry it anywhere; the row goes back, and keeps its place."""
    carried = []
    floor = SimpleNamespace(execute=carried.append)
    installation = SimpleNamespace(store=store, clock=clock, work=older, runs=floor, reactor=floor, courier=floor)
    enter(NEWER)
    (token,) = newer.claim_due(1)
    Dispatch(installation).execute(token)
    with store.read() as uow:
        row = uow.work.get(token[0])
    assert (row.state, row.attempt, row.owner) == ("queued", 0, None)
    assert carried == []
    installation.work = newer
    clock.pass_time(minutes=2)
    (token,) = newer.claim_due(1)
    Dispatch(installation).execute(token)
    assert carried == [token]
