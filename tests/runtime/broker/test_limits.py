"""The bounds of a run: wall clock and bytes hold in the middle of things, and every request leaves its trace."""

import time

import pytest

from levada import AuthFailed, Forbidden, HostNotDeclared, HttpRequest, LevadaError, RateLimited, SourceUnavailable
from levada_runtime.sandbox.broker.log import MOST_REFUSED
from levada_runtime.sandbox.model import Abort, Limits

GET = HttpRequest("GET", "/a")


def test_no_wait_goes_beyond_the_runs_time(new_broker, source, slept):
    """The run ends now, as what it is, and is tried again when the source said."""
    source.says("/a", (429, {"Retry-After": "20"}))
    with pytest.raises(RateLimited) as limited:
        new_broker(deadline_s=10).request(GET)
    assert (limited.value.wait, slept, len(source.seen)) == (20, [], 1)


def test_no_request_goes_beyond_the_runs_time(new_broker, source):
    """One that is under way is broken off, and the run ends for want of time, not for its source."""
    source.delay_s = 2
    source.says("/a", 200)
    broker = new_broker(deadline_s=0.2)
    began = time.monotonic()
    with pytest.raises(Abort) as ended:
        broker.request(GET)
    assert time.monotonic() - began < 1
    assert (ended.value.reason, ended.value.message) == ("timeout", "the run took longer than 0.2 s")
    assert [one.refused for one in broker.exchanges] == ["the run took longer than 0.2 s"]


def test_no_request_begins_when_the_time_is_up(new_broker, source):
    """Nor is one sent again."""
    source.says("/a", 200)
    broker = new_broker(deadline_s=0)
    with pytest.raises(Abort):
        broker.request(GET)
    assert source.seen == []
    assert [(one.url, one.refused) for one in broker.exchanges] == [(f"{source.url}/a", "the run took longer than 0 s")]


def test_retries_stop_where_the_time_ends(new_broker, source):
    """A retry whose wait would outlast the run is not waited for; the source's failure is what is told."""
    source.says("/a", 503)
    with pytest.raises(SourceUnavailable, match=r"answered 503 to GET /a$"):
        new_broker(deadline_s=0.4).request(GET)
    assert len(source.seen) == 1


@pytest.mark.parametrize(
    ("request_", "error", "shown"),
    [
        (HttpRequest("GET", "https://evil.test/x?q=1"), HostNotDeclared, ("GET", "https://evil.test/x")),
        (HttpRequest("POST", "ftp://u:p@evil.test/#x"), Forbidden, ("POST", "ftp://***@evil.test/")),
        (HttpRequest("trace", "/a"), Forbidden, ("?", "/a")),
        (HttpRequest("GET / HTTP/1.1\r\nX: y", "/a"), Forbidden, ("?", "/a")),
        (HttpRequest("GET", "/a\r\nX: y"), Forbidden, ("GET", "/a\ufffd\ufffdX: y")),
        (HttpRequest("GET", "/a", headers=(("Host", "evil.test"),)), Forbidden, ("GET", "/a")),
        (HttpRequest("GET", "/a", headers=(("Content-Length", "3"),)), Forbidden, ("GET", "/a")),
        (HttpRequest("GET", "/a", headers=(("X-A", "a\r\nX-B: b"),)), Forbidden, ("GET", "/a")),
        (HttpRequest("GET", "/a", params=(("q", "x" * 9000),)), Forbidden, ("GET", "/a")),
        (HttpRequest("GET", "/" + "a" * 9000), Forbidden, ("GET", "/" + "a" * 499)),
        (HttpRequest("GET", "/\ud800"), Forbidden, ("GET", "/\ufffd")),
    ],
)
@pytest.mark.parametrize("observing", [False, True])
def test_what_is_refused_before_it_is_sent_is_in_the_log(new_broker, source, request_, error, shown, observing):
    """Once, with its reason, and nothing of its query or its user; observed runs are held to the same."""
    broker = new_broker(observing=observing)
    with pytest.raises(error) as refused:
        broker.request(request_)
    (kept,) = broker.exchanges
    assert (kept.method, kept.url, kept.status, kept.refused) == (*shown, None, refused.value.message)
    assert source.seen == []


def test_plain_http_and_private_places_are_refused_in_observation_too(new_broker, new_source):
    """An observed POST is not sent, and yet it says what the live one would have come to."""
    unlisted = new_source()
    broker = new_broker(values={"api_base": unlisted.url}, observing=True)
    with pytest.raises(Forbidden, match="not https"):
        broker.request(HttpRequest("POST", "/a"))
    assert "not https" in broker.exchanges[0].refused


def test_credentials_that_cannot_be_made_are_in_the_log(new_broker, source):
    """The run asked, and this is why nobody was asked."""
    broker = new_broker(secrets={})
    with pytest.raises(AuthFailed):
        broker.request(GET)
    assert [one.refused for one in broker.exchanges] == [
        "the connection has no value for key, which the source asks for"
    ]


def test_a_limit_that_is_reached_is_in_the_log(new_broker, source):
    """With the request that met it."""
    source.says("/a", 200)
    broker = new_broker(limits=Limits(http_requests=1))
    broker.request(GET)
    with pytest.raises(Forbidden):
        broker.request(GET)
    assert [one.status for one in broker.exchanges] == [200, None]
    assert "its 1 requests" in broker.exchanges[1].refused


def test_refusals_without_end_do_not_fill_the_memory(new_broker):
    """A route that goes on asking is told no each time; the log says that it did."""
    broker = new_broker(limits=Limits(http_requests=10))
    for _ in range(MOST_REFUSED + 50):
        with pytest.raises(HostNotDeclared):
            broker.request(HttpRequest("GET", "https://evil.test/"))
    assert len(broker.exchanges) == MOST_REFUSED + 11
    assert "not kept one by one" in broker.exchanges[-1].refused


def test_a_body_is_stopped_where_the_runs_bytes_end(new_broker, source):
    """However much of it there would be; what moved is counted."""
    source.answers["/a"] = [(200, [], bytes(3 << 20))]
    broker = new_broker(limits=Limits(http_bytes=1 << 20))
    with pytest.raises(Forbidden, match="its 1048576 bytes"):
        broker.request(GET)
    assert 1 << 20 < broker.usage()[1] < 2 << 20
    assert broker.exchanges[0].bytes == broker.usage()[1]
    assert "its 1048576 bytes" in broker.exchanges[0].refused


def test_a_body_sent_at_every_redirect_counts_at_every_redirect(new_broker, source):
    """It is what moved."""
    source.says("/a", (307, {"Location": "/b"}))
    source.says("/b", 200)
    broker = new_broker()
    broker.request(HttpRequest("PUT", "/a", body=bytes(1000)))
    assert broker.usage() == (2, 2004)


def test_an_error_of_any_kind_is_kept_once(new_broker, source):
    """A try that was refused halfway, such as by a redirect, is one line."""
    source.says("/a", (302, {"Location": "https://evil.test/?secret=1"}))
    broker = new_broker()
    with pytest.raises(LevadaError):
        broker.request(GET)
    (kept,) = broker.exchanges
    assert kept.url == f"{source.url}/a"
    assert kept.refused.startswith(f"{source.place} redirects shop to https://evil.test, which it does not declare")
