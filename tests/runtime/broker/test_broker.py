"""The rest of the broker: observation, the run's limits, what is kept, and the wire's own frames."""

import gzip

import pytest

from levada import Forbidden, HostNotDeclared, HttpRequest
from levada_runtime.sandbox.model import Limits
from levada_runtime.sandbox.protocol import HttpAnswer, HttpFrame

GET = HttpRequest("GET", "/a")


def test_a_frame_is_answered_with_a_frame(new_broker, source):
    """Repeated headers become one, as a mapping would otherwise lose all but the last."""
    source.answers["/a"] = [
        (200, [("Link", "<a>"), ("Link", "<b>"), ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d")], b"x")
    ]
    frame = HttpFrame("get", "/a", [("q", "1")], [("X-Mine", "2")], None)
    answer = new_broker().answer(frame)
    assert isinstance(answer, HttpAnswer)
    assert (answer.status, answer.content, answer.url) == (200, b"x", f"{source.url}/a?q=1")
    assert ("Link", "<a>, <b>") in answer.headers
    assert [value for name, value in answer.headers if name == "Set-Cookie"] == ["a=b", "c=d"]
    assert source.seen[0][2]["X-Mine"] == "2"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_an_observed_run_changes_nothing_at_the_source(new_broker, source, method):
    """What would, is kept and answered as accepted, so that the route goes on."""
    broker = new_broker(observing=True)
    answer = broker.request(HttpRequest(method, "/a", params=(("q", "1"),), body=b"{}"))
    assert (answer.status, answer.json, answer.headers["Levada-Observed"]) == (202, {}, "intercepted")
    assert source.seen == []
    kept = broker.exchanges[0]
    assert (kept.method, kept.url, kept.intercepted) == (method, f"{source.url}/a", True)


def test_an_observed_run_reads(new_broker, source):
    """Reading is the point of it."""
    source.says("/a", (200, {}, "here"))
    assert new_broker(observing=True).request(GET).json == "here"


def test_a_route_that_declares_its_requests_harmless_sends_them_observed(new_broker, source):
    """A search by POST changes nothing either."""
    source.says("/a", (200, {}, "found"))
    answer = new_broker(observing=True, observe_allow=True).request(HttpRequest("POST", "/a", body=b"{}"))
    assert answer.json == "found"


def test_observation_does_not_hide_an_undeclared_host(new_broker):
    """It would be refused live, so it is refused observed."""
    with pytest.raises(HostNotDeclared):
        new_broker(observing=True).request(HttpRequest("POST", "https://other.test/"))


def test_a_run_has_so_many_requests(new_broker, source):
    """Redirects and retries count; the error says that an operator sets the limit."""
    source.says("/a", (302, {"Location": "/b"}))
    source.says("/b", 503, 200)
    broker = new_broker(limits=Limits(http_requests=5))
    assert broker.request(GET).ok
    assert broker.usage()[0] == 4
    with pytest.raises(Forbidden, match="its 5 requests; an operator"):
        broker.request(GET)
    assert len(source.seen) == 5


def test_a_run_moves_so_many_bytes(new_broker, source):
    """Counted as they are handed in, so that packing does not hide them; bodies sent count too."""
    text = bytes(60_000)
    source.answers["/a"] = [(200, [("Content-Encoding", "gzip")], gzip.compress(text))]
    broker = new_broker(limits=Limits(http_bytes=100_000))
    broker.request(HttpRequest("PUT", "/a", body=b"12345"))
    assert broker.usage() == (1, 60_005)
    for sent in (2, 2):
        with pytest.raises(Forbidden, match="its 100000 bytes"):
            broker.request(GET)
        assert len(source.seen) == sent
    assert "its 100000 bytes" in broker.exchanges[-1].refused


def test_an_answer_that_is_a_bomb_is_forbidden(new_broker, source):
    """And not tried again."""
    source.answers["/a"] = [(200, [("Content-Encoding", "gzip")], gzip.compress(bytes(20 << 20)))]
    broker = new_broker()
    with pytest.raises(Forbidden, match="100 times"):
        broker.request(GET)
    assert len(source.seen) == 1
    assert "100 times" in broker.exchanges[0].refused


def test_every_try_is_kept_with_what_it_cost(new_broker, source):
    """Method, URL without its query, status, bytes, time."""
    source.says("/a", (200, {}, "four"))
    broker = new_broker()
    broker.request(HttpRequest("GET", "/a", params=(("email", "ada@example.test"),)))
    kept = broker.exchanges[0]
    assert (kept.method, kept.url, kept.status, kept.bytes, kept.attempt) == ("GET", f"{source.url}/a", 200, 6, 1)
    assert 0 < kept.ms < 5000
    assert kept.refused is None


def test_a_header_that_smuggles_is_forbidden(new_broker, source):
    """The client's rules reach the route as the policy's word."""
    with pytest.raises(Forbidden, match="Transfer-Encoding"):
        new_broker().request(HttpRequest("POST", "/a", headers=(("Transfer-Encoding", "chunked"),), body=b"0"))
    assert source.seen == []


def test_a_client_handed_in_stays_open(new_broker, source, cleanup):
    """Its pool and its cookies belong to the connection, not to the run."""
    from levada_runtime.outbound import AllowPrivate, BlockingClient, Client

    source.says("/a", 200)
    client = cleanup.enter_context(BlockingClient(Client(allow_private=AllowPrivate.read([source.place]))))
    for _ in range(2):
        with new_broker(client=client) as broker:
            assert broker.request(GET).ok


@pytest.mark.parametrize(
    ("status", "header"), [(302, ("Location", "//[")), (302, ("Location", "https://℀.example/")), (200, ("X", "\xff"))]
)
def test_no_header_of_a_source_is_more_than_a_run_can_take(new_broker, source, status, header):
    """What it answers is handed on as it can be, or is an error in the route; the tape takes either."""
    name, value = header
    source.answers["/a"] = [(status, [(name, value.encode().decode("latin-1") if status == 302 else value)], b"")]
    broker = new_broker(recording=True)
    if status == 302:
        with pytest.raises(Forbidden, match="redirects to what cannot be called"):
            broker.request(GET)
    else:
        assert broker.request(GET).headers[name] == value
    assert len(broker.tape.take()) == 1
