"""What is sent again, after how long, and what is said when patience ends."""

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada import HttpRequest, RateLimited, SourceUnavailable
from levada_runtime.outbound.retry_after import retry_after
from levada_runtime.sandbox.broker.retry import Again, GiveUp, Patience, decide

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GET = HttpRequest("GET", "/a")


def test_it_is_tried_again_until_it_is_answered(new_broker, source, slept):
    """A 503 and a 429 on the way are the broker's business, not the route's."""
    source.says("/a", 503, 429, (200, {}, "here"))
    broker = new_broker()
    assert broker.request(GET).json == "here"
    assert slept == [0.5, 1.0]
    assert [(one.status, one.attempt) for one in broker.exchanges] == [(503, 1), (429, 2), (200, 3)]


@pytest.mark.parametrize("spelling", ["7", format_datetime(NOW + timedelta(seconds=7), usegmt=True)])
def test_the_wait_that_a_source_asks_for_is_kept(new_broker, source, slept, spelling):
    """In seconds or as a date."""
    source.says("/a", (429, {"Retry-After": spelling}), 200)
    assert new_broker(now=lambda: NOW).request(GET).ok
    assert slept == [7.0]


@pytest.mark.parametrize(("status", "error"), [(429, RateLimited), (503, SourceUnavailable), (500, SourceUnavailable)])
def test_after_the_last_try_the_run_is_told(new_broker, source, slept, status, error):
    """Four tries, then an error that the run itself is retried after."""
    source.says("/a", (status, {"Retry-After": "1"}))
    with pytest.raises(error, match=f"answered {status} to GET /a .4 tries") as failed:
        new_broker().request(GET)
    assert type(failed.value) is error
    assert failed.value.wait == 1
    assert (len(source.seen), slept) == (4, [1, 1, 1])


def test_a_long_wait_is_left_to_the_run(new_broker, source, slept):
    """A worker is not held for an hour: the error carries the wait."""
    source.says("/a", (429, {"Retry-After": "3600"}))
    with pytest.raises(RateLimited) as failed:
        new_broker().request(GET)
    assert failed.value.wait == 3600
    assert (len(source.seen), slept) == (1, [])


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_is_not_idempotent_is_sent_once(new_broker, source, slept, method):
    """Its answer, whatever it is, is the route's to judge."""
    source.says("/a", 503)
    assert new_broker().request(HttpRequest(method, "/a", body=b"{}")).status == 503
    assert (len(source.seen), slept) == (1, [])


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_what_is_idempotent_is_sent_again_with_its_body(new_broker, source, method):
    """Sending it twice does what sending it once does."""
    source.says("/a", 503, 200)
    assert new_broker().request(HttpRequest(method, "/a", body=b"same")).ok
    assert [seen[3] for seen in source.seen] == [b"same", b"same"]


@pytest.mark.parametrize(("method", "tries"), [("GET", 4), ("POST", 1)])
def test_a_connection_that_fails_is_tried_again_where_that_is_safe(new_broker, slept, method, tries):
    """In the end the source is unavailable."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{taken.getsockname()[1]}"
    broker = new_broker(values={"api_base": f"http://{place}"}, allow=[place])
    with pytest.raises(SourceUnavailable, match=place):
        broker.request(HttpRequest(method, "/a"))
    assert len(slept) == tries - 1
    assert [one.status for one in broker.exchanges] == [None] * tries
    assert place in broker.exchanges[0].refused


def test_a_status_that_waiting_does_not_cure_is_returned(new_broker, source, slept):
    """Not implemented today is not implemented in a second."""
    source.says("/a", 501)
    assert new_broker().request(GET).status == 501
    assert slept == []


@given(st.integers(1, 10), st.floats(0, 200), st.none() | st.floats(0, 1e6), st.floats(0, 1, exclude_max=True))
def test_patience_is_bounded(tries, spent, asked, jitter):
    """No wait is longer than the longest, leads beyond the budget or is shorter than asked; giving up tells it."""
    patience = Patience()
    verdict = decide(patience, tries=tries, spent_s=spent, asked_s=asked, jitter=jitter)
    if isinstance(verdict, Again):
        assert tries < patience.tries
        assert 0 <= verdict.wait_s <= patience.longest_wait_s
        assert spent + verdict.wait_s <= patience.budget_s
        assert asked is None or verdict.wait_s >= asked
    else:
        assert verdict == GiveUp(asked)


def test_waits_grow_and_vary():
    """Twice as long each time, up to half of it by chance."""
    waits = [decide(Patience(), tries=n, spent_s=0, asked_s=None, jitter=j).wait_s for n in (1, 2, 3) for j in (0, 1)]
    assert waits == [0.25, 0.5, 0.5, 1.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0),
        (" 120 ", 120),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("Sun, 01 Mar 2026 12:01:00", 60),
        ("soon", None),
        ("-1", None),
        ("", None),
        ("\u00b2", None),
    ],
)
def test_retry_after_is_read_in_both_spellings(value, seconds):
    """What cannot be read is as if it were not there, and the past is now."""
    assert retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    "asked", ["1 Jan 99999999999 0:0", f"1 Jan 2026 {'9' * 30}:00:00", f"1 Jan 2026 0:0 +{'9' * 30}"]
)
def test_a_wait_that_no_calendar_has_is_none(new_broker, source, slept, asked):
    """A source may ask for anything; the run goes by its own patience then."""
    source.says("/a", (503, {"Retry-After": asked}), 200)
    assert new_broker().request(GET).ok
    assert slept == [0.5]
