"""What is kept of a run's HTTP: enough to play it again, and none of its credentials."""

import json

import pytest

from levada import Forbidden, HostNotDeclared, HttpRequest, SourceUnavailable, bearer, header, query
from levada._cassette import Cassette, Player, RecordedExchange
from levada_runtime.foundation.masking import Mask
from levada_runtime.outbound import parse_url
from levada_runtime.sandbox.broker.cassette import BODY_BYTES, CUT, Tape
from levada_runtime.sandbox.broker.model import Errand
from levada_runtime.sandbox.model import Abort
from levada_runtime.sandbox.protocol import HttpAnswer

SECRET = "s3cret/with+signs"


def taped(broker):
    return [RecordedExchange.model_validate_json(one) for one in broker.tape.take()]


def cassette(exchanges, **words):
    return Cassette(connector="shop", stream="rows", exchanges=tuple(exchanges), **words)


def test_what_was_asked_and_answered_is_kept_and_can_be_played(new_broker, source):
    """Redirects and retries lead to one exchange: what the route saw."""
    source.says("/a", (302, {"Location": "/b?x=1"}))
    source.says("/b", 503, (200, {"X-Total": "1"}, [{"id": 1}]))
    broker = new_broker(recording=True)
    asked = HttpRequest("GET", "/a", (("since", "é"),), (("X-Mine", "1"),))
    answer = broker.request(asked)
    (kept,) = taped(broker)
    assert (kept.request.url, kept.request.headers) == (f"{source.url}/a?since=%C3%A9", (("X-Mine", "1"),))
    assert (kept.response.status, kept.response.url) == (200, f"{source.url}/b?x=1")
    replayed = new_broker(player=Player(cassette([kept])))
    source.seen.clear()
    again = replayed.request(asked)
    assert (again.status, again.content, again.url) == (answer.status, answer.content, answer.url)
    assert again.headers["x-total"] == "1"
    assert source.seen == []
    assert [(one.method, one.url, one.status) for one in replayed.exchanges] == [("GET", f"{source.url}/a", 200)]


@pytest.mark.parametrize("auth", [bearer("key"), header("X-Api-Key", "key"), query("token", "key")])
def test_no_credential_is_kept(new_broker, source, auth):
    """Neither the host's nor what a route wrote itself, nor a cookie; an echo is masked in headers and in the body."""
    echo = {"X-Echo": SECRET, "Set-Cookie": "session=abc"}
    source.says("/a", (200, echo, {"token": SECRET, "next": f"{source.url}/a?token={SECRET}"}))
    broker = new_broker(auth=auth, recording=True)
    own = (("Authorization", "Bearer mine"), ("X-Api-Key", "mine"), ("Cookie", "a=b"), ("X-Mine", SECRET))
    broker.request(HttpRequest("POST", "/a", (("q", SECRET),), own, json.dumps({"k": SECRET}).encode()))
    written = b"".join(broker.tape.take()).decode()
    for word in (SECRET, "session=abc", "a=b", "Bearer"):
        assert word not in written
    kept = RecordedExchange.model_validate_json(written)
    assert ("X-Mine", "***") in kept.request.headers
    assert kept.request.body.text == '{"k": "***"}'
    assert "token=" not in kept.request.url
    if auth.kind == "header":
        assert "mine" not in [value for name, value in kept.request.headers if name == "X-Api-Key"]


def test_an_error_is_kept_as_the_route_saw_it(new_broker, source):
    """What was never sent as well, and played it is raised again."""
    source.says("/a", (503, {"Retry-After": "3600"}))
    broker = new_broker(recording=True)
    with pytest.raises(SourceUnavailable):
        broker.request(HttpRequest("GET", "/a"))
    with pytest.raises(Forbidden):
        broker.request(HttpRequest("GET", "ftp://shop.test/"))
    kept = taped(broker)
    assert [(one.error.code, one.error.wait) for one in kept] == [("source_unavailable", 3600), ("forbidden", None)]
    with pytest.raises(SourceUnavailable) as raised:
        new_broker(player=Player(cassette(kept))).request(HttpRequest("GET", "/a"))
    assert raised.value.wait == 3600


def test_a_played_run_is_held_to_its_declared_hosts(new_broker, source):
    """A cassette is a file: what it answers is not what may be asked."""
    asked = {"request": {"method": "GET", "url": "https://evil.test/"}, "response": {"status": 200}}
    broker = new_broker(player=Player(cassette([RecordedExchange.model_validate(asked)])))
    with pytest.raises(HostNotDeclared):
        broker.request(HttpRequest("GET", "https://evil.test/"))


def test_asking_what_the_cassette_does_not_hold_ends_the_run(new_broker, source):
    """Nothing is sent instead, and the route cannot catch it."""
    broker = new_broker(player=Player(cassette([])))
    with pytest.raises(Abort) as ended:
        broker.request(HttpRequest("GET", "/a"))
    assert (ended.value.reason, source.seen) == ("connector_error", [])
    assert "does not answer" in ended.value.message
    assert "does not answer" in broker.exchanges[0].refused


def tape(**words):
    return Tape(Mask(["s3cretive"]), frozenset(), **words)


def answered(tape, content, body=None):
    errand = Errand("GET", parse_url("https://shop.test/a"), (), body)
    tape.answered(errand, HttpAnswer(200, [], content, "https://shop.test/a"))


def test_large_bodies_are_counted_and_not_kept():
    """The rest of the exchange is."""
    one = tape()
    answered(one, bytes(BODY_BYTES + 1), body=bytes(BODY_BYTES + 2))
    kept = RecordedExchange.model_validate_json(one.take()[0])
    assert (kept.response.body.cut, kept.request.body.cut) == (BODY_BYTES + 1, BODY_BYTES + 2)


def test_a_full_tape_says_so_once_and_keeps_no_more():
    """What came before stays whole."""
    one = tape(most_bytes=1000)
    for _ in range(20):
        answered(one, b"x" * 100)
    kept = one.take()
    assert 2 < len(kept) < 8
    assert kept.count(CUT) == 1
    assert kept[-1] == CUT
    assert one.take() == []


def test_bodies_that_are_no_text_are_masked_too():
    """Bytes are bytes."""
    one = tape()
    answered(one, b"\xff\x00s3cretive\xfe")
    assert RecordedExchange.model_validate_json(one.take()[0]).response.body.content == b"\xff\x00***\xfe"
