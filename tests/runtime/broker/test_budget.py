"""One budget for all that send with one credential, against sources that count in different ways, in simulated time."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.runtime.broker.sources import Bucket, Fixed, Sliding, simulate

from levada._rate import RateLimit
from levada_runtime.outbound.quota import Quota
from levada_runtime.sandbox.broker.budget import (
    FORGOTTEN_S,
    PATIENCE_S,
    Budget,
    Seeker,
    ask,
    let_go,
    tell,
)

TEN = RateLimit(requests=10, per_s=1)
KINDS = [Sliding, Fixed, Bucket]
TWO = [("customers", False, 0.0), ("invoices", False, 0.0)]
NOW = 1_700_000_000.0


@pytest.mark.parametrize("source", KINDS)
@pytest.mark.parametrize("latency", [(0.001, 0.01), (0.02, 0.4), (0.9, 2.5)])
def test_a_declared_limit_is_never_passed(source, latency):
    """However the source counts, and however long its answers are under way."""
    told = simulate(source(10), TWO, rules=[TEN], latency=latency)
    assert told.refused == []
    fastest = min(10.0, 2 / (sum(latency) / 2))
    assert len(told.answered) > 20 * fastest * 0.7


@pytest.mark.parametrize("source", KINDS)
@pytest.mark.parametrize("says", ["wait", "late", ""])
@pytest.mark.parametrize("seed", range(3))
def test_there_is_no_429_after_the_first_where_nothing_but_a_429_is_said(source, says, seed):
    """The pace is learnt from it, and kept."""
    told = simulate(source(10, offset=0.3 * seed), TWO, says=says, seconds=120, seed=seed, latency=(0.001, 0.01))
    assert len(told.refused) == 1
    assert len(told.answered) > 120 * 10 * 0.4


@pytest.mark.parametrize("source", KINDS)
def test_callers_under_way_at_the_first_429_may_share_it_and_nothing_after(source):
    """A slow source answers nobody before it has taken the requests of both."""
    told = simulate(source(10), [(str(n), False, 0.0) for n in range(4)], says="wait", seconds=60, latency=(0.1, 0.3))
    assert 1 <= len(told.refused) <= 4
    assert max(at for at, _ in told.refused) - min(at for at, _ in told.refused) < 0.3


@pytest.mark.parametrize("source", KINDS)
def test_there_is_no_429_at_all_where_each_answer_says_what_is_left(source):
    """And the limit is used up."""
    told = simulate(source(10), TWO, says="quota", seconds=30, latency=(0.001, 0.02))
    assert told.refused == []
    assert len(told.answered) > 30 * 10 * 0.6


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    limit=st.integers(2, 40),
    per_s=st.sampled_from([1, 2, 10, 60]),
    callers=st.integers(1, 6),
    backfills=st.integers(0, 2),
    seed=st.integers(0, 10**6),
)
def test_no_crowd_passes_a_declared_limit(kind, limit, per_s, callers, backfills, seed):
    """Whatever the limit, and whoever asks."""
    crowd = [(f"live {n}", False, 0.0) for n in range(callers)] + [(f"fill {n}", True, 0.0) for n in range(backfills)]
    rules = [RateLimit(requests=limit, per_s=per_s)]
    seconds = min(5 * per_s, 200_000 / limit / per_s)
    told = simulate(kind(limit, per_s), crowd, rules=rules, seed=seed, seconds=seconds, latency=(0.001, 0.2))
    assert told.refused == []
    assert len(told.answered) >= limit


@pytest.mark.parametrize("saved", [40, 100, 500])
def test_what_a_source_had_saved_up_does_not_mislead_for_long(saved):
    """It takes a crowd at first and ten a second from then on: the second 429 tells so."""
    told = simulate(Bucket(saved, saved / 10), TWO, says="wait", seconds=180, latency=(0.001, 0.02))
    assert 2 <= len(told.refused) <= 3
    assert len(told.answered) > saved + 180 * 10 * 0.6


def test_two_limits_hold_at_once():
    """Ten a second, and no more than thirty in ten."""
    rules = [TEN, RateLimit(requests=30, per_s=10)]
    told = simulate(Sliding(30, 10), TWO, rules=rules, seconds=40)
    assert told.refused == []
    assert 100 <= len(told.answered) <= 120


@pytest.mark.parametrize(("rules", "says"), [([TEN], ""), ([], "quota"), ([], "wait")])
def test_live_work_is_not_starved_by_a_backfill(rules, says):
    """A poll now and then hardly waits, while two slices of a backfill take all they can get."""
    crowd = [("fill 1", True, 0.0), ("fill 2", True, 0.0), ("poll", False, 0.7)]
    told = simulate(Sliding(10), crowd, rules=rules, says=says, seconds=60, latency=(0.001, 0.02))
    learning = 3 if says == "wait" else 0
    assert told.count("poll", learning) > (60 - learning) / 0.95 / (1.6 if says == "wait" else 1)
    later = sorted(told.waits["poll"][5:])
    assert later[len(later) * 9 // 10] < 0.35
    assert told.count("fill 1") + told.count("fill 2") > 60 * (1.5 if says == "wait" else 4)


def test_a_backfill_gets_what_live_work_leaves_and_is_never_shut_out():
    """Live work that never pauses leaves it a request each time it has waited long enough."""
    crowd = [("fill", True, 0.0), ("poll 1", False, 0.0), ("poll 2", False, 0.0)]
    told = simulate(Sliding(10), crowd, rules=[TEN], seconds=10 * PATIENCE_S)
    live, fill = told.count("poll 1") + told.count("poll 2"), told.count("fill")
    assert live > 20 * fill
    assert fill >= 5


def test_a_429_that_no_pace_explains_teaches_none():
    """A source that refuses every seventeenth request is asked as fast as before, once that was tried."""

    class Moody(Sliding):
        count = 0

        def takes(self, now):
            self.count += 1
            return self.count % 17 != 0

    told = simulate(Moody(10), TWO, says="wait", seconds=60, latency=(0.001, 0.01))
    assert told.budget.pace_s is None
    assert len(told.answered) > 700
    at_once = simulate(Moody(10), TWO, says="", seconds=60, latency=(0.001, 0.01))
    assert len(at_once.answered) > 700


def asked(budget, now=NOW, rules=(), name="a", **more):
    return ask(budget, rules, now, Seeker(name, **more))


def test_a_source_that_asks_to_be_left_alone_is_left_alone_by_all():
    """For as long as it says, after a 429 and after a 503."""
    for status in (429, 503):
        budget, _ = asked(Budget())
        budget = tell(budget, (), NOW, "a", status=status, asked_s=20)
        assert asked(budget, NOW + 5, name="b")[1] == pytest.approx(15)
        assert asked(budget, NOW + 20.01, name="b")[1] == 0


def test_what_is_left_is_shared_with_what_is_under_way():
    """Two that are left are two requests, answered or not."""
    budget = tell(asked(Budget())[0], (), NOW, "a", status=200, quota=Quota(2, 60, 100))
    for name in ("a", "b"):
        budget, wait = asked(budget, NOW + 1, name=name)
        assert wait == 0
    assert asked(budget, NOW + 1, name="c")[1] > 0
    budget = tell(budget, (), NOW + 1, "a", status=200, quota=Quota(0, 59, 100))
    budget = tell(budget, (), NOW + 1, "b", status=200, quota=Quota(1, 59, 100))
    assert asked(budget, NOW + 2, name="c")[1] == pytest.approx(58)
    assert asked(budget, NOW + 61, name="c")[1] == 0


def test_nothing_left_without_a_word_on_when_is_asked_again_in_a_second():
    """A source that forgets to say it must not stop everything for ever."""
    budget = tell(asked(Budget())[0], (), NOW, "a", status=200, quota=Quota(0))
    assert 0 < asked(budget, NOW)[1] <= 1
    assert asked(budget, NOW + 1.01)[1] == 0


def test_a_request_that_nobody_answers_for_gives_its_place_back():
    """Who sent it was killed."""
    budget, _ = asked(Budget(), rules=[RateLimit(requests=1, per_s=1)])
    rules = [RateLimit(requests=1, per_s=1)]
    assert asked(budget, NOW + FORGOTTEN_S - 1, rules, "b")[1] > 0
    assert asked(budget, NOW + FORGOTTEN_S + 1, rules, "b")[1] == 0
    assert asked(let_go(budget, "a"), NOW, rules, "b")[1] == 0


def test_a_clock_that_is_set_back_shuts_nobody_out():
    """What was a second ago is a second ago still."""
    budget, _ = asked(Budget(), rules=[TEN])
    budget = tell(budget, [TEN], NOW, "a", status=429, asked_s=5)
    assert asked(budget, NOW - 3600, [TEN])[1] == pytest.approx(5)
    back, _ = asked(budget, NOW - 3600, [TEN])
    assert asked(back, NOW - 3600 + 5.01, [TEN])[1] == 0


def test_it_is_kept_as_json_and_stays_small():
    """However many requests a window holds: older ones are told together, and never counted too short."""
    rules = [RateLimit(requests=50_000, per_s=86_400)]
    budget, now = Budget(), NOW
    for _ in range(5_000):
        budget, _ = asked(budget, now, rules)
        now += 2.0
        budget = tell(budget, rules, now, "a", status=200, quota=Quota(0, 5, 10))
        now += 5.1
    written = json.dumps(budget.kept())
    assert len(written) < 8_000
    assert Budget.read(json.loads(written)) == budget
    assert sum(count for _, count in budget.past) == 5_000
    assert Budget.read({}) == Budget()
    assert Budget.read({"of_a_later_version": 1, "remaining": 0}).remaining == 0
