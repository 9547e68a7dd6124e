"""When a destination that keeps failing is left alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada_runtime.pipeline.breaker import Circuit, Limits, admit, after
from levada_runtime.pipeline.retry import Sent, read_answer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMITS = Limits(3, timedelta(seconds=30))
FAILED = read_answer(503)
ARRIVED = read_answer(204)


def fail(times, circuit=None, now=NOW):
    circuit = circuit or Circuit()
    for _ in range(times):
        circuit = after(circuit, FAILED, now, LIMITS)
    return circuit


def test_a_circuit_opens_after_failures_in_a_row():
    """Two are not enough, and one success in between begins the count anew."""
    assert admit(fail(2), NOW, LIMITS) == (Circuit(2), None)
    assert after(fail(2), ARRIVED, NOW, LIMITS) == Circuit()
    opened = fail(3)
    assert admit(opened, NOW, LIMITS) == (opened, NOW + LIMITS.pause)


def test_one_probe_goes_through_after_the_pause():
    """Whoever comes while it is under way waits as long again."""
    later = NOW + timedelta(seconds=30)
    probing, until = admit(fail(3), later, LIMITS)
    assert until is None
    assert admit(probing, later, LIMITS)[1] == later + LIMITS.pause


def test_how_the_probe_ends_closes_or_reopens():
    """A success lets everything through; a failure means another pause."""
    later = NOW + timedelta(seconds=30)
    probing, _ = admit(fail(3), later, LIMITS)
    assert admit(after(probing, ARRIVED, later, LIMITS), later, LIMITS) == (Circuit(), None)
    again = later + timedelta(seconds=1)
    assert admit(fail(1, probing, again), again, LIMITS)[1] == again + LIMITS.pause


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_a_refusal_shows_that_the_destination_is_there(status):
    """It is the body that is wrong, not the destination."""
    assert after(fail(3), read_answer(status), NOW, LIMITS) == Circuit()


def test_what_our_own_rules_refuse_tells_nothing_of_the_destination():
    """Nothing was sent, so nothing was learnt."""
    assert after(fail(2), Sent("refused", reason="a private address"), NOW, LIMITS) == Circuit(2)


@given(st.lists(st.sampled_from([200, 400, 429, 503]), max_size=30), st.integers(0, 120))
def test_an_open_circuit_always_lets_somebody_through_again(statuses, seconds):
    """However it went before, whoever waits as long as told is let through."""
    circuit = Circuit()
    for status in statuses:
        circuit = after(circuit, read_answer(status), NOW, LIMITS)
    _, until = admit(circuit, NOW + timedelta(seconds=seconds), LIMITS)
    if until is not None:
        assert circuit.failures >= LIMITS.failures
        assert admit(circuit, until, LIMITS)[1] is None
