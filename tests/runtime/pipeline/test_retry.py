"""What follows from an attempt at a delivery, as a law and by examples."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada_runtime.pipeline.retry import Patience, Sent, judge, read_answer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAILED = Sent("failed", 503, "it answered 503")


def waits(sent=FAILED, patience=None):
    """Return the seconds between the attempts of a delivery that always ends so."""
    found, spent = [], 1
    while (verdict := judge(sent, spent=spent, patience=patience or Patience(), now=NOW)).next_at:
        found.append((verdict.next_at - NOW).total_seconds())
        spent += 1
    return found, verdict


def test_five_attempts_are_spread_over_more_than_an_hour():
    """Half a minute, two, ten, an hour; then the delivery is dead, and says how often it was tried."""
    found, verdict = waits()
    assert found == [30, 120, 600, 3600]
    assert (verdict.state, verdict.reason) == ("dead", "it answered 503; it was tried 5 times")


@pytest.mark.parametrize("asked", [0, 1, 29.5, 31, 7200])
def test_what_the_far_side_asks_for_takes_the_place_of_the_next_step(asked):
    """Be it shorter or longer; the number of attempts stays."""
    found, verdict = waits(Sent("failed", 429, "it answered 429", asked_s=asked))
    assert found == [asked] * 4
    assert verdict.state == "dead"


def test_no_far_side_puts_a_delivery_off_for_years():
    """A week is as long as one may ask for."""
    for asked in (1e9, float("inf")):
        assert waits(Sent("failed", 503, "", asked_s=asked))[0] == [7 * 24 * 3600] * 4


@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 599])
def test_a_status_that_may_pass_is_tried_again(status):
    """Too early, too often, or a failure of the far side's own."""
    assert read_answer(status).ending == "failed"


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 400, 401, 403, 404, 410, 413, 422, 451, 499])
def test_a_status_that_refuses_is_dead_at_once(status):
    """Sending the same again cannot help; redirects are not followed."""
    verdict = judge(read_answer(status), spent=1, patience=Patience(), now=NOW)
    assert verdict.state == "dead"
    assert str(status) in verdict.reason


@given(
    st.integers(100, 599),
    st.integers(1, 20),
    st.none() | st.floats(0, allow_infinity=True),
    st.integers(1, 10),
    st.lists(st.integers(0, 10_000).map(lambda seconds: timedelta(seconds=seconds)), min_size=1, max_size=6),
)
def test_every_delivery_ends(status, spent, asked, attempts, steps):
    """Whatever is answered: it arrived, it is dead with a reason, or it is tried again within its attempts."""
    verdict = judge(read_answer(status, asked_s=asked), spent=spent, patience=Patience(attempts, steps), now=NOW)
    assert (verdict.state == "delivered") == (200 <= status < 300)
    assert (verdict.reason is None) == (verdict.state == "delivered")
    assert (verdict.next_at is not None) == (verdict.state == "retrying")
    if verdict.next_at is not None:
        assert spent < attempts
        assert verdict.next_at >= NOW
