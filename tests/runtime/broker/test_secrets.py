"""Credentials reach the declared source and nobody else, and are nowhere to be read afterwards."""

import json
from base64 import b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from levada import (
    AuthFailed,
    HttpRequest,
    LevadaError,
    RateLimited,
    SourceUnavailable,
    basic,
    bearer,
    from_setting,
    header,
    oauth2_client_credentials,
    oauth2_refresh,
    query,
    secret,
    text,
    url,
)
from levada_runtime.foundation.masking import Mask

SECRET = "s3cret/with+signs"
GET = HttpRequest("GET", "/a")


@pytest.mark.parametrize(
    ("auth", "name", "value"),
    [
        (bearer("key"), "Authorization", f"Bearer {SECRET}"),
        (header("X-Api-Key", "key"), "X-Api-Key", SECRET),
        (header("Authorization", "key", prefix="Token "), "Authorization", f"Token {SECRET}"),
        (basic("user", "key"), "Authorization", "Basic " + b64encode(f"ada:{SECRET}".encode()).decode()),
        (basic("key"), "Authorization", "Basic " + b64encode(f"{SECRET}:".encode()).decode()),
    ],
)
def test_each_scheme_adds_its_header(new_broker, source, auth, name, value):
    """Replacing what the route itself put there."""
    source.says("/a", 200)
    broker = new_broker(auth=auth, settings=[text("user")], values={"user": "ada"})
    broker.request(HttpRequest("GET", "/a", headers=((name.lower(), "mine"),)))
    assert source.seen[0][2][name] == value


def test_a_key_in_the_query_is_added_once_and_not_shown(new_broker, source):
    """Also when the source's link to the next page repeats it."""
    source.says("/a", (200, {"Link": f'<{source.url}/a?key_in={quote_plus(SECRET)}&page=2>; rel="next"'}))
    broker = new_broker(auth=query("key_in", "key"))
    answer = broker.request(GET)
    assert source.seen[0][1] == f"/a?key_in={quote_plus(SECRET)}"
    assert answer.url == f"{source.url}/a"
    link = answer.headers["Link"]
    assert quote_plus(SECRET) not in link
    broker.request(HttpRequest("GET", link[1 : link.index(">")]))
    assert source.seen[1][1] == f"/a?page=2&key_in={quote_plus(SECRET)}"


@pytest.mark.parametrize("auth", [bearer("key"), header("X-Api-Key", "key"), query("k", "key")])
def test_credentials_are_stripped_when_a_redirect_leaves_the_host(new_broker, source, new_source, auth):
    """The other host is declared too, and yet gets none; nor does the first after it."""
    other = new_source()
    source.says("/a", (302, {"Location": f"{other.url}/b"}))
    other.says("/b", (302, {"Location": f"{source.url}/c"}))
    source.says("/c", 200)
    broker = new_broker(
        hosts=[from_setting("api_base"), from_setting("other")],
        settings=[url("other")],
        values={"other": other.url},
        allow=[other.place],
        auth=auth,
    )
    assert broker.request(HttpRequest("GET", "/a", headers=(("Authorization", "own"),))).ok
    assert SECRET in str(source.seen[0]) or quote_plus(SECRET) in str(source.seen[0])
    for seen in (other.seen[0], source.seen[1]):
        assert SECRET not in str(seen)
        assert quote_plus(SECRET) not in str(seen)
        assert "Authorization" not in seen[2]


def test_credentials_stay_on_a_redirect_within_the_host(new_broker, source):
    """That is the same source asking to look elsewhere."""
    source.says("/a", (302, {"Location": "/b"}))
    source.says("/b", 200)
    new_broker().request(GET)
    assert source.seen[1][2]["Authorization"] == f"Bearer {SECRET}"


def test_a_missing_value_is_named(new_broker, source):
    """The connection needs attention, and the message says where."""
    with pytest.raises(AuthFailed, match="key"):
        new_broker(secrets={}).request(GET)
    assert source.seen == []


def test_an_optional_secret_without_a_value_is_left_out(new_broker, source):
    """The source is asked without credentials."""
    source.says("/a", 200)
    new_broker(auth=bearer("maybe"), settings=[secret("maybe", required=False)]).request(GET)
    assert "Authorization" not in source.seen[0][2]


def test_a_secret_that_cannot_be_sent_is_refused_without_showing_it(new_broker):
    """A key read with its line break would be two headers."""
    with pytest.raises(AuthFailed, match="line break") as refused:
        new_broker(secrets={"key": "hunter2\r\nX: y"}).request(GET)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "auth",
    [
        oauth2_client_credentials("https://a.test/token", client_id="key", client_secret="key"),
        oauth2_refresh("https://a.test/token", client_id="key", refresh_token="key"),
    ],
)
def test_without_a_place_for_tokens_nothing_is_sent(new_broker, source, auth):
    """Neither unauthenticated in its place, nor with a token that would be lost."""
    with pytest.raises(AuthFailed, match=f"no token can be fetched for {auth.kind}"):
        new_broker(auth=auth).request(GET)
    assert source.seen == []


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_of_the_source_is_returned(new_broker, source, status):
    """The route, or `raise_for_status`, decides what follows."""
    source.says("/a", status)
    assert new_broker().request(GET).status == status
    assert len(source.seen) == 1


def test_no_secret_is_in_any_error_or_exchange(new_broker, source):
    """Whatever path, query or host a route puts it in."""
    source.says(f"/{SECRET}", 503)
    broker = new_broker(auth=query("k", "key"))
    for request in (
        HttpRequest("GET", f"/{SECRET}"),
        HttpRequest("GET", f"https://{SECRET.partition('/')[0]}.test/{SECRET}"),
        HttpRequest("GET", f"https://{SECRET}@a.test/"),
        HttpRequest("GET", f"ftp://{SECRET}"),
    ):
        with pytest.raises(Exception) as failed:
            broker.request(request)
        assert SECRET not in str(failed.value) + repr(failed.value.details)
    assert broker.exchanges
    assert all("?" not in exchange.url and SECRET not in exchange.url for exchange in broker.exchanges)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    value=st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), min_size=8, max_size=30).filter(
        lambda text: text.strip() == text and "***" not in text and len(set(text)) > 3
    ),
    spelled=st.sampled_from([str, quote, quote_plus, lambda text: b64encode(text.encode()).decode(), json.dumps]),
    place=st.sampled_from(["path", "host", "user", "query", "parameter", "name", "header", "body", "method", "echo"]),
    status=st.sampled_from([200, 404, 429, 503]),
)
def test_no_secret_is_in_anything_kept(new_broker, source, value, spelled, place, status):
    """Wherever a route that was given it puts it, however it spells it, and whatever becomes of the request."""
    word = spelled(value)
    source.fallback = (status, [("X-Echo", quote(word))], word.encode() if place == "echo" else b"{}")
    url = {
        "path": f"/{word}", "host": f"https://{word}/", "user": f"https://{word}@a.test/", "query": f"/a?k={word}"
    }.get(place, "/a")  # fmt: skip
    request = HttpRequest(
        word if place == "method" else "POST",
        url,
        (("k", word),) if place == "parameter" else (),
        {"name": ((word, "x"),), "header": (("X-Mine", word),)}.get(place, ()),
        word.encode() if place == "body" else None,
    )
    broker = new_broker(secrets={"key": value}, recording=True)
    said = ""
    try:
        broker.request(request)
    except LevadaError as error:
        said = f"{error} {error.message} {error.args} {json.dumps(error.details, ensure_ascii=False)}"
    broker.close()
    kept = f"{said} {broker.exchanges} {b''.join(broker.tape.take()).decode()}"
    assert broker.exchanges
    for form in (value, quote(value, safe=""), quote(value), quote_plus(value), b64encode(value.encode()).decode()):
        assert form not in kept


def test_every_spelling_of_a_secret_is_masked():
    """As it is, in URLs, in JSON and in a Basic header."""
    value = 'pa"ss/w+rd é'
    mask = Mask([value], [("ada", value)])
    pair = b64encode(f"ada:{value}".encode()).decode()
    for spelling in (value, "pa%22ss%2Fw%2Brd%20%C3%A9", "pa%22ss%2Fw%2Brd+%C3%A9", 'pa\\"ss/w+rd \\u00e9', pair):
        assert mask(f"before {spelling} after") == "before *** after"


def test_a_short_secret_is_masked_as_a_word():
    """It does not eat the words it happens to be in."""
    assert Mask(["ab"])("ab is not about ab.") == "*** is not about ***."


def test_an_empty_secret_masks_nothing():
    """A value that is not set is not everywhere."""
    assert Mask([""])("text") == "text"
    assert Mask([])("text") == "text"


def test_a_response_repeating_the_secret_does_not_hand_it_in_by_its_headers(new_broker, source):
    """Sources echo; the child has no use for its own key."""
    source.says("/a", (200, {"X-Echo": f"Bearer {SECRET}"}))
    assert new_broker().request(GET).headers["X-Echo"] == "Bearer ***"


def test_limits_and_unavailability_are_masked_too(new_broker, source):
    """The same holds for what is raised after the last try."""
    source.says(f"/{SECRET}", 429, 429, 429, 429, 503)
    broker = new_broker()
    with pytest.raises(RateLimited) as limited:
        broker.request(HttpRequest("GET", f"/{SECRET}"))
    with pytest.raises(SourceUnavailable) as unavailable:
        broker.request(HttpRequest("GET", f"/{SECRET}"))
    assert SECRET not in str(limited.value) + str(unavailable.value)
