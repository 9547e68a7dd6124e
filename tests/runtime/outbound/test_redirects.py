"""Redirects: where they may lead, what they become, and what goes with them."""

import pytest

from levada_runtime.outbound import Additions, Refused, parse_url
from levada_runtime.outbound.redirects import Step, next_step


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_to_the_end(new_client, server, code):
    """The answer is the last one's, and names where it came from."""
    server.answers["/a"] = (code, {"Location": "/b?x=1"}, b"moved")
    server.answers["/b"] = (200, {}, b"here")
    answer = new_client(server.place).send("GET", parse_url(f"{server.url}/a"))
    assert (answer.body, answer.url, answer.received) == (b"here", f"{server.url}/b?x=1", 9)


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data/", "not https"),
        ("https://169.254.169.254/latest/meta-data/", "not a public address"),
        ("https://[::ffff:127.0.0.1]/", "not a public address"),
        ("https://2130706433/", "odd spelling"),
        ("https://user@127.0.0.1/", "user name"),
        ("file:///etc/passwd", "cannot be called"),
        ("https://a.example\\@127.0.0.1/", "backslash"),
    ],
)
def test_a_redirect_to_where_it_may_not_go_is_refused(new_client, server, location, reason):
    """Every hop is checked from the start."""
    server.answers["/"] = (302, {"Location": location}, b"")
    with pytest.raises(Refused, match=reason):
        new_client(server.place).send("GET", parse_url(server.url))


def test_a_redirect_to_an_unlisted_port_of_a_listed_address_is_refused(new_client, server, new_server):
    """The inner service that a listed one points at is never asked."""
    inner = new_server()
    server.answers["/"] = (307, {"Location": f"{inner.url}/admin"}, b"")
    with pytest.raises(Refused):
        new_client(server.place).send("POST", parse_url(server.url), body=b"{}")
    assert inner.seen == []


def test_a_redirect_from_https_to_http_is_refused():
    """Even where the operator's list allows the http place."""
    step = Step("GET", parse_url("https://a.example/"), (), None)
    with pytest.raises(Refused, match="from https to http"):
        next_step(step, 302, "http://a.example/")


def test_a_redirect_is_the_answer_for_whoever_does_not_follow(new_client, server):
    """Not even one that could not be called is looked at."""
    server.answers["/a"] = (302, {"Location": "file:///etc/passwd"}, b"moved")
    answer = new_client(server.place).send("POST", parse_url(f"{server.url}/a"), body=b"{}", follow=False)
    assert (answer.status, answer.body) == (302, b"moved")


def test_five_redirects_are_followed_and_no_more(new_client, server):
    """A circle ends."""
    for number in range(6):
        server.answers[f"/{number}"] = (302, {"Location": f"/{number + 1}"}, b"")
    server.answers["/6"] = (200, {}, b"far")
    client = new_client(server.place)
    assert client.send("GET", parse_url(f"{server.url}/1")).body == b"far"
    with pytest.raises(Refused, match="more than 5 redirects"):
        client.send("GET", parse_url(f"{server.url}/0"))


@pytest.mark.parametrize(
    ("method", "status", "becomes"),
    [("POST", 301, "GET"), ("POST", 302, "GET"), ("PUT", 303, "GET"), ("POST", 307, "POST"), ("PUT", 302, "PUT")],
)
def test_a_redirect_keeps_or_changes_the_method_as_browsers_do(method, status, becomes):
    """A request that becomes a GET loses its body and what describes it."""
    headers = (("Content-Type", "text/plain"), ("X-Mine", "1"))
    step = next_step(Step(method, parse_url("https://a.example/"), headers, b"x"), status, "/b")
    assert step.method == becomes
    assert (step.body is None) == (becomes == "GET" and method != "GET")
    assert step.headers == (headers if step.body else headers[1:])


def test_credentials_stay_at_the_origin():
    """Another host, port or scheme gets neither authorization nor cookies."""
    headers = (("Authorization", "Bearer s"), ("Cookie", "a=b"), ("X-Mine", "1"))
    step = Step("GET", parse_url("https://a.example/"), headers, None)
    assert next_step(step, 302, "/b").headers == headers
    assert next_step(step, 302, "https://b.example/").headers == headers[2:]
    assert next_step(step, 302, "https://a.example:444/").headers == headers[2:]


def test_what_is_added_at_a_step_is_not_in_the_answer(new_client, server):
    """A key in the query reaches the source and nothing else."""
    server.answers["/"] = (200, {}, b"")
    answer = new_client(server.place).send(
        "GET", parse_url(f"{server.url}/?a=1"), at_step=lambda _: Additions((("X-Key", "k"),), (("key", "k"),))
    )
    assert server.seen[0][1] == "/?a=1&key=k"
    assert server.seen[0][2]["X-Key"] == "k"
    assert answer.url == f"{server.url}/?a=1"


def test_a_redirect_that_is_refused_says_whose_it_was(new_client, server):
    """Whoever reads the log sees both ends of it, and neither query."""
    server.answers["/"] = (302, {"Location": "https://169.254.169.254/latest?token=hunter2"}, b"")
    with pytest.raises(Refused) as refused:
        new_client(server.place).send("GET", parse_url(f"{server.url}/?key=hunter2"))
    assert refused.value.message.startswith(
        f"{server.place} redirects to https://169.254.169.254/latest: 169.254.169.254 is at"
    )
    assert "hunter2" not in refused.value.message
