"""Cassettes: what is recorded comes back, in order and only for the request it was recorded of."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada import HttpRequest, RateLimited
from levada._cassette import (
    Cassette,
    CassetteMiss,
    InvalidCassette,
    Player,
    RecordedBody,
    RecordedError,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
)
from levada._cassette_match import RequestKey

URL = "https://api.acme.test/customers"


def exchange(url=URL, method="GET", said=b"[]", status=200, body=None, **words):
    answer = RecordedResponse(status=status, headers=(("X-A", "b"),), url=url, body=RecordedBody.of(said))
    asked = RecordedRequest(method=method, url=url, body=None if body is None else RecordedBody.of(body))
    return RecordedExchange(**({"request": asked, "response": answer} | words))


def player(*exchanges, **words):
    return Player(Cassette(connector="acme", stream="customers", run="run-1", exchanges=exchanges, **words))


def get(url=URL, *params):
    return HttpRequest("GET", url, params)


def test_a_cassette_comes_back_from_its_file_as_it_went_in(tmp_path):
    """Text stays legible, bytes that are none are base64, and an error keeps its wait and details."""
    refused = RecordedError(code="rate_limited", message="later", wait=3.5, details={"rule": "x"})
    cassette = Cassette(
        connector="acme",
        stream="customers",
        checkpoint={"": {"since": "t1"}},
        exchanges=(exchange(said="é".encode()), exchange(said=b"\xff\x00"), exchange(response=None, error=refused)),
    )
    file = tmp_path / "acme.json"
    cassette.dump(file)
    assert Cassette.load(file) == cassette
    written = json.loads(file.read_text())
    assert written["levada_cassette"] == 1
    assert [one["response"] and one["response"]["body"] for one in written["exchanges"]] == [
        {"text": "é", "base64": None, "cut": None},
        {"text": None, "base64": "/wA=", "cut": None},
        None,
    ]


def test_a_hand_written_cassette_needs_little(tmp_path):
    """What has a default may be left out."""
    file = tmp_path / "small.json"
    file.write_text(
        '{"levada_cassette": 1, "connector": "acme", "stream": "customers", "exchanges": [{"request": '
        '{"method": "GET", "url": "https://api.acme.test/a"}, "response": {"status": 204}}]}'
    )
    answer = Player(Cassette.load(file)).play(get("https://api.acme.test/a"))
    assert (answer.status, answer.content) == (204, b"")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"connector": "a", "stream": "b", "levada_cassette": 2}', '{"a": 1}'])
def test_a_file_that_is_no_cassette_is_named(tmp_path, text):
    """With what is wrong with it."""
    file = tmp_path / "odd.json"
    file.write_text(text)
    with pytest.raises(InvalidCassette, match=r"odd\.json is no cassette: ."):
        Cassette.load(file)
    with pytest.raises(InvalidCassette, match="cannot be read"):
        Cassette.load(tmp_path / "absent.json")


def test_a_request_gets_the_answer_that_was_recorded_for_it():
    """Status, headers in any case, body and where it came from."""
    answer = player(exchange(said=b'{"a": 1}', status=201)).play(get())
    assert (answer.status, answer.json, answer.headers["x-a"], answer.url) == (201, {"a": 1}, "b", URL)


def test_equal_requests_are_answered_in_the_order_of_recording():
    """Others may be asked in any order."""
    play = player(exchange(said=b"1"), exchange(f"{URL}/x", said=b"x"), exchange(said=b"2")).play
    assert [play(get(f"{URL}/x")).text, play(get()).text, play(get()).text] == ["x", "1", "2"]


@pytest.mark.parametrize(
    ("recorded", "asked"),
    [
        (f"{URL}?b=2&a=1&a=0", get(f"{URL}?a=0", ("b", "2"), ("a", "1"))),
        (f"{URL}?q=x+y", get(URL, ("q", "x y"))),
        (f"{URL}?q=x%20y&empty=", get(f"{URL}?q=x+y", ("empty", ""))),
        ("https://API.acme.test:443", get("https://api.acme.test/")),
        (f"{URL}/%C3%A9%20", get(f"{URL}/é ")),
        (f"{URL}/***/a?key=***", get(f"{URL}/s3cret/a?key=s3cret")),
        (f"{URL}?page=2", get(f"{URL}?api_key=***&page=2")),
        (f"{URL}?page=2&token=***", get(f"{URL}?token=***&page=2")),
    ],
)
def test_requests_that_mean_the_same_are_the_same(recorded, asked):
    """Parameters in any order and either place, any spelling of the URL, and any secret where one was masked."""
    assert player(exchange(recorded)).play(asked).ok


@pytest.mark.parametrize(
    "asked",
    [
        get(f"{URL}?a=1"),
        get(f"{URL}s"),
        get("https://api.acme.test:8443/customers"),
        get("http://api.acme.test/customers"),
        HttpRequest("POST", URL),
        HttpRequest("GET", URL, body=b"x"),
        get("https://[::1/"),
    ],
)
def test_any_other_request_is_a_miss_that_names_both_and_the_way_out(asked):
    """The one asked for, the nearest there is, and how to record anew."""
    with pytest.raises(CassetteMiss) as missed:
        player(exchange()).play(asked)
    assert str(RequestKey.asked(asked)) in str(missed.value)
    assert f"the nearest that it holds is GET {URL}" in str(missed.value)
    assert "--record" in str(missed.value)


def test_an_exchange_is_played_once():
    """Asking more often than the run did is another run."""
    play = player(exchange(), exchange(f"{URL}/x"))
    play.play(get())
    with pytest.raises(CassetteMiss, match="every exchange like it has been played"):
        play.play(get())
    assert [one.request.url for one in play.unplayed] == [f"{URL}/x"]


def test_a_body_tells_requests_apart():
    """Searches by POST go to one URL."""
    play = player(exchange(method="POST", body=b"a", said=b"A"), exchange(method="POST", body=b"b", said=b"B")).play
    assert [play(HttpRequest("POST", URL, body=body)).text for body in (b"b", b"a")] == ["B", "A"]


def test_an_error_is_raised_again():
    """As the route saw it, with the wait the source asked for."""
    refused = RecordedError(code="rate_limited", message="later", wait=3, details={"a": 1})
    with pytest.raises(RateLimited, match="later") as raised:
        player(exchange(response=None, error=refused)).play(get())
    assert (raised.value.wait, raised.value.details) == (3, {"a": 1})


def test_what_was_too_large_to_keep_is_a_miss_that_says_so():
    """An answer that was cut is not served half; a request body that was cut matches any."""
    large = RecordedResponse(status=200, body=RecordedBody(cut=9_000_000))
    with pytest.raises(CassetteMiss, match="9000000 bytes, too large"):
        player(exchange(response=large)).play(get())
    asked = RecordedRequest(method="PUT", url=URL, body=RecordedBody(cut=2_000_000))
    assert player(exchange(request=asked)).play(HttpRequest("PUT", URL, body=b"x")).ok
    with pytest.raises(CassetteMiss, match="recording stopped before"):
        player(cut=True).play(get())


@given(st.text(max_size=40), st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3))
def test_any_request_is_either_answered_or_missed(path, params):
    """No URL, however odd, ends in another way; and each is the same as itself."""
    for url in (path, f"https://{path}", f"https://api.acme.test/{path}"):
        key = RequestKey.asked(HttpRequest("GET", url, tuple(params)))
        assert key.covers(key)
        with pytest.raises(CassetteMiss):
            player().play(HttpRequest("GET", url, tuple(params)))
