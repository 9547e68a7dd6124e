"""Budgets are shared: between runs, between processes, over restarts, and by no run that only observes."""

import itertools
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from levada import HostNotDeclared, HttpRequest, RateLimited, from_setting, url
from levada._rate import RateLimit
from levada_runtime.outbound import Answer
from levada_runtime.sandbox.broker.budget import Budget
from levada_runtime.sandbox.broker.budgets import Budgets
from levada_runtime.sandbox.protocol import HttpFrame
from levada_runtime.store import engine, rate_budgets, unit_of_work
from levada_runtime.store.engine import make_engine
from levada_runtime.store.unit_of_work import Store

PLACE = "api.shop.test"
KEY = b"whom it takes us for"
GET = HttpRequest("GET", "/a")
PATIENT = {"longest_s": 30, "left_s": 300}


class Time:
    """The time of a test: it passes when somebody sleeps."""

    def __init__(self):
        self.moment = 1_700_000_000.0
        self.slept = []

    def __call__(self):
        return self.moment

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.moment += seconds


def answer(status=200, **headers):
    return Answer(status, tuple((name.replace("_", "-"), str(value)) for name, value in headers.items()), b"", "", 0)


def stored(store):
    with store.read() as uow:
        return uow.rate_budgets.look(1, KEY, PLACE)


@pytest.fixture
def moment():
    return Time()


@pytest.fixture
def new_share(store, moment):
    """Returns what makes a run's share, in the budgets of another process each time."""

    def make(*rules, org_id=1, key=KEY, **words):
        return Budgets(store, moment).of(org_id, key, [RateLimit(requests=n, per_s=s) for n, s in rules], **words)

    return make


def test_what_one_run_is_told_all_keep_to(new_share, moment):
    """Of the same credential, at the same host, in the same organisation; nobody else."""
    first = new_share()
    first.take(PLACE, moment.sleep, **PATIENT)
    first.answered(PLACE, answer(429, Retry_After=12))
    for other in (new_share(key=b"another"), new_share(org_id=2)):
        other.take(PLACE, moment.sleep, **PATIENT)
    new_share().take("www.shop.test", moment.sleep, **PATIENT)
    assert moment.slept == []
    new_share().take(PLACE, moment.sleep, **PATIENT)
    assert sum(moment.slept) == pytest.approx(12, abs=0.1)


def test_a_wait_that_is_too_long_ends_the_run_and_not_the_budget(new_share, moment):
    """The error says how long; what was not sent holds no place."""
    first = new_share()
    first.take(PLACE, moment.sleep, **PATIENT)
    first.answered(PLACE, answer(429, Retry_After=600))
    with pytest.raises(RateLimited, match="no more requests with these credentials for another 600 s") as refused:
        new_share().take(PLACE, moment.sleep, **PATIENT)
    assert refused.value.wait == pytest.approx(600)
    moment.moment += 597
    with pytest.raises(RateLimited):
        new_share().take(PLACE, moment.sleep, longest_s=30, left_s=2)
    assert moment.slept == []
    new_share().take(PLACE, moment.sleep, **PATIENT)


def test_a_declared_limit_holds_over_a_restart(new_share, moment, store):
    """What is known is in the store, and small."""
    for _ in range(10):
        share = new_share((10, 60))
        share.take(PLACE, moment.sleep, **PATIENT)
        share.answered(PLACE, answer())
    assert moment.slept == []
    with pytest.raises(RateLimited):
        new_share((10, 60)).take(PLACE, moment.sleep, **PATIENT)
    assert len(str(stored(store))) < 1_000


KILLED = """
import os, signal, sys, time
from levada._rate import RateLimit
from levada_runtime.sandbox.broker.budgets import Budgets
from levada_runtime.sandbox.protocol import HttpFrame
from levada_runtime.store.engine import make_engine
from levada_runtime.store.unit_of_work import Store

share = Budgets(Store(make_engine({url!r}))).of(1, {key!r}, [RateLimit(requests=1, per_s=3)])
share.take({place!r}, time.sleep, longest_s=30, left_s=300)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_who_is_killed_in_the_middle_of_a_request_holds_nobody_up(store):
    """What it sent counts from when it was found dead, and no longer than a window."""
    url = store.engine.url.render_as_string(hide_password=False)
    code = KILLED.format(url=url, key=KEY, place=PLACE)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    share = Budgets(store, lambda: time.time() + passed).of(1, KEY, [RateLimit(requests=1, per_s=3)])
    passed = 2.5
    with pytest.raises(RateLimited) as refused:
        share.take(PLACE, time.sleep, longest_s=0.5, left_s=300)
    assert refused.value.wait == pytest.approx(3, abs=0.2)
    passed = 6.0
    share.take(PLACE, time.sleep, longest_s=0.5, left_s=300)


def test_an_observed_run_keeps_to_the_budget_and_writes_nothing(new_share, moment, store):
    """What it learns is its own."""
    live = new_share()
    live.take(PLACE, moment.sleep, **PATIENT)
    live.answered(PLACE, answer(200, X_RateLimit_Remaining=2, X_RateLimit_Reset=10))
    before = stored(store)
    observing = new_share(observing=True)
    for _ in range(3):
        observing.take(PLACE, moment.sleep, **PATIENT)
        observing.answered(PLACE, answer())
    assert sum(moment.slept) == pytest.approx(10, abs=0.1)
    assert stored(store) == before
    observing = new_share(observing=True)
    observing.take("www.shop.test", moment.sleep, **PATIENT)
    observing.answered("www.shop.test", answer(429, Retry_After=9))
    observing.take("www.shop.test", moment.sleep, **PATIENT)
    assert sum(moment.slept) == pytest.approx(19, abs=0.1)


def test_a_store_that_cannot_be_asked_stops_no_run(new_share, moment, store, monkeypatch):
    """It goes by what it knows, and asks again later."""
    monkeypatch.setattr(engine, "HURRIED_MS", 400)
    monkeypatch.setattr(unit_of_work, "NOTING", "SET LOCAL lock_timeout = '400ms'")
    hurried = rate_budgets._SWAP["postgresql"].replace("'10s'", "'400ms'")
    monkeypatch.setitem(rate_budgets._SWAP, "postgresql", hurried)
    share = new_share((1, 10))
    share.take(PLACE, moment.sleep, **PATIENT)
    with store.write() as other:
        other.rate_budgets.hold(1, KEY, PLACE, datetime(2026, 3, 1, tzinfo=UTC))
        began = time.monotonic()
        share.answered(PLACE, answer())
        share.take(PLACE, moment.sleep, **PATIENT)
        share.answered(PLACE, answer())
        assert time.monotonic() - began < 6
    assert sum(moment.slept) == pytest.approx(10, abs=0.1)


def test_many_processes_at_once_keep_to_one_limit(store, database, moment):
    """Eight of them with a pool of their own: never more than ten in any second, and ten when all want to."""
    taken, number = [], itertools.count()
    lock = threading.Lock()

    def caller():
        own = Store(make_engine(store.engine.url.render_as_string(hide_password=False)))
        share = Budgets(own).of(1, KEY, [RateLimit(requests=10, per_s=1)])
        while next(number) < 28:
            share.take(PLACE, time.sleep, **PATIENT)
            with lock:
                taken.append(time.time())
            share.answered(PLACE, answer())
        own.close()

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(caller) for _ in range(8)]:
            done.result()
    taken.sort()
    assert len(taken) == 28
    assert all(later - sooner >= 1 for sooner, later in zip(taken, taken[10:], strict=False))
    assert taken[-1] - taken[0] < 6


def test_the_broker_asks_for_a_turn_before_each_try(new_broker, source, slept, new_share, moment):
    """And tells what came of it: what is left of a minute is waited for by whoever asks next."""
    source.says("/a", (503, {"Retry-After": "3"}), (200, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "7"}))
    broker = new_broker(turns=new_share(), sleep=moment.sleep)
    assert broker.request(GET).ok
    assert sum(moment.slept) == pytest.approx(3, abs=0.1)
    other = new_broker(turns=new_share(), sleep=moment.sleep)
    assert other.request(GET).ok
    assert sum(moment.slept) == pytest.approx(10, abs=0.1)
    assert len(source.seen) == 3


def test_a_child_need_not_wait_until_others_are_told_what_its_source_said(new_broker, source, new_share, store):
    """They are told once the child has its answer, before the next turn, and at the latest when the run ends."""

    def kept():
        with store.read() as uow:
            one = Budget.read(uow.rate_budgets.look(1, KEY, source.place))
        return len(one.flying), sum(count for _, count in one.past), one.remaining

    frame = HttpFrame("GET", "/a", [], [], None)
    source.says("/a", *[(200, {"X-RateLimit-Remaining": str(left)}) for left in (7, 6, 5)])
    broker = new_broker(turns=new_share())
    assert broker.answer(frame).status == 200
    assert kept() == (1, 0, None)
    broker.settle()
    assert kept() == (0, 1, 7)
    broker.answer(frame)
    broker.answer(frame)
    assert kept() == (1, 2, 6)
    broker.close()
    assert kept() == (0, 3, 5)


def test_others_are_told_at_once_that_a_source_refuses(new_broker, source, new_share, store, moment):
    """However long the run itself waits before it tries again."""
    source.says("/a", (429, {"Retry-After": "3"}), (200, {}))
    seen = []

    def sleep(seconds):
        with store.read() as uow:
            seen.append(Budget.read(uow.rate_budgets.look(1, KEY, source.place)).closed_until)
        moment.sleep(seconds)

    assert new_broker(turns=new_share(), sleep=sleep).request(GET).ok
    assert seen[0] == pytest.approx(1_700_000_003, abs=0.1)


def test_a_turn_that_does_not_come_in_time_is_in_the_run_s_log_and_nothing_is_sent(new_broker, source, new_share):
    """The run is told how long to wait."""
    source.says("/a", (429, {"Retry-After": "900"}))
    with pytest.raises(RateLimited):
        new_broker(turns=new_share()).request(GET)
    broker = new_broker(turns=new_share())
    with pytest.raises(RateLimited, match="takes no more requests with these credentials") as refused:
        broker.request(GET)
    assert refused.value.wait == pytest.approx(900, abs=1)
    assert len(source.seen) == 1
    assert [(one.status, "takes no more" in one.refused) for one in broker.exchanges] == [(None, True)]


def test_every_step_of_a_redirect_takes_a_turn_at_the_host_that_it_leads_to(
    new_broker, source, new_source, new_share, moment, store
):
    """What each host says of its limits is told to its own budget, and a redirect counts as a request."""
    other = new_source()
    source.says("/a", (302, {"Location": "/b"}))
    source.says("/b", (302, {"Location": f"{other.url}/c", "X-RateLimit-Remaining": "4"}))
    other.says("/c", (200, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "7"}))
    both = {"hosts": [from_setting("api_base"), from_setting("cdn")], "settings": [url("cdn")], "allow": [other.place]}
    broker = new_broker(turns=new_share((2, 9)), sleep=moment.sleep, values={"cdn": other.url}, **both)
    assert broker.request(GET).ok
    with store.read() as uow:
        here, there = (Budget.read(uow.rate_budgets.look(1, KEY, place)) for place in (source.place, other.place))
    assert [sum(count for _, count in one.past) for one in (here, there)] == [2, 1]
    assert (here.flying, there.flying) == ({}, {})
    assert (here.remaining, there.remaining) == (4, 0)
    assert moment.slept == []
    again = new_broker(turns=new_share((2, 9)), sleep=moment.sleep, values={"cdn": other.url}, **both)
    assert again.request(GET).ok
    assert sum(moment.slept) == pytest.approx(9, abs=0.5), "two redirects of one host take both of its turns"
    assert [one.status for one in again.exchanges] == [200]
    assert again.waited_s < 1


def test_a_redirect_that_would_wait_too_long_ends_the_run_as_any_request_would(
    new_broker, source, new_source, new_share, moment
):
    """Nothing is sent there; who is told to wait is the run."""
    other = new_source()
    source.says("/a", (307, {"Location": f"{other.url}/c"}))
    other.says("/c", (429, {"Retry-After": "900"}))
    both = {"hosts": [from_setting("api_base"), from_setting("cdn")], "settings": [url("cdn")], "allow": [other.place]}
    for sent in (1, 1):
        broker = new_broker(turns=new_share(), sleep=moment.sleep, values={"cdn": other.url}, **both)
        with pytest.raises(RateLimited) as refused:
            broker.request(GET)
        assert refused.value.wait == pytest.approx(900, abs=9)
        assert len(other.seen) == sent
    assert "takes no more requests" in broker.exchanges[-1].refused


def test_a_host_that_is_not_declared_has_no_budget(new_broker, source, new_share, store, moment):
    """However many a source redirects to."""
    source.says("/a", (302, {"Location": "https://evil.test/x"}))
    with pytest.raises(HostNotDeclared):
        new_broker(turns=new_share(), sleep=moment.sleep).request(GET)
    with store.read() as uow:
        assert set(uow.rate_budgets.of(1, KEY)) == {source.place}
