"""Which attempts are followed by another."""

import random
from datetime import timedelta

import pytest

from levada_runtime.runs.retry import RETRIED, judge

RNG = random.Random(1)


def verdict(reason, *, attempt=1, allowed=3, retryable=False, wait=None):
    return judge(reason, retryable=retryable, wait=wait, attempt=attempt, allowed=allowed, rng=RNG)


@pytest.mark.parametrize("reason", sorted(RETRIED))
def test_what_may_pass_is_tried_three_times(reason):
    """The first and second failure are followed by another attempt, the third is not."""
    assert [verdict(reason, attempt=attempt).again for attempt in (1, 2, 3)] == [True, True, False]


@pytest.mark.parametrize(
    "reason", ["auth", "policy", "memory", "cpu_limit", "sandbox_violation", "protocol_violation", "connector_error"]
)
def test_what_will_not_pass_is_tried_once(reason):
    """Refused credentials, policy, limits and a connector's mistakes are not tried again."""
    assert not verdict(reason).again


def test_a_connectors_own_error_that_may_pass_is_tried_once_more():
    """An unexpected exception gets a second attempt and no third."""
    assert verdict("connector_error", retryable=True).again
    assert not verdict("connector_error", retryable=True, attempt=2).again


def test_an_interrupted_attempt_goes_on_at_once_and_is_not_counted():
    """A stopping daemon costs a run nothing."""
    found = verdict("interrupted", attempt=99)
    assert (found.again, found.counts, found.pause) == (True, False, timedelta())


def test_the_pause_grows_and_honours_what_the_source_asked_for():
    """Pauses double with each attempt, within jitter; a longer wish of the source counts."""
    assert timedelta(seconds=2.5) <= verdict("timeout", attempt=1, allowed=9).pause <= timedelta(seconds=5)
    assert timedelta(seconds=10) <= verdict("timeout", attempt=3, allowed=9).pause <= timedelta(seconds=20)
    assert verdict("rate_limited", wait=600).pause == timedelta(seconds=600)
