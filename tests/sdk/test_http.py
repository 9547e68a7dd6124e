"""HTTP as a route sees it."""

import json
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import pytest

from levada import (
    AuthFailed,
    ConnectorMistake,
    RateLimited,
    Response,
    SourceRefused,
    SourceUnavailable,
    cursor,
    last_id,
    link_header,
    next_url,
    offset,
    page_number,
)
from levada._http import RouteHttp


class Source:
    """Answers from a function of the request, and remembers what it was asked."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def send(self, request):
        self.asked.append(request)
        answered = self.answer(request)
        if isinstance(answered, Response):
            return answered
        return Response(200, {}, json.dumps(answered).encode(), "https://api.acme.test/rows")


def ask(answer):
    source = Source(answer)
    return RouteHttp(source.send), source


ROWS = [{"id": str(at)} for at in range(1, 6)]


def linked(request):
    at = int(request.url.partition("page=")[2] or 1)
    link = (
        f'</rows?page={at - 1}>; rel="prev", <https://api.acme.test/rows?page={at + 1}>; title="a, b"; rel="next last"'
    )
    headers = {"LINK": link} if at < 3 else {"Link": '</rows?page=1>; rel="first"'}
    return Response(200, headers, json.dumps(ROWS[(at - 1) * 2 : at * 2]).encode(), "https://api.acme.test/rows")


def by_cursor(request):
    at = int(dict(request.params).get("after", 0))
    return {"results": ROWS[at : at + 2], "meta": {"next": str(at + 2) if at < 4 else None}}


def by_url(request):
    at = int(request.url.partition("at=")[2] or 0)
    return {"value": ROWS[at : at + 2], "@next": f"/rows?at={at + 2}" if at < 4 else None}


def by_number(request):
    at = int(dict(request.params).get("page", 1)) - 1
    return {"items": ROWS[at * 2 : at * 2 + 2]}


def by_offset(request):
    at = int(dict(request.params).get("offset", 0))
    return ROWS[at : at + 2]


def by_last_id(request):
    at = int(dict(request.params).get("starting_after", 0))
    return {"data": ROWS[at : at + 2], "has_more": at < 4}


@pytest.mark.parametrize(
    ("answer", "paginate", "requests"),
    [
        (linked, None, 3),
        (linked, link_header(), 3),
        (by_cursor, cursor("meta.next", param="after"), 3),
        (by_url, next_url("@next"), 3),
        (by_number, page_number(), 4),
        (by_offset, offset(), 4),
        (by_last_id, last_id(), 3),
    ],
)
def test_every_paginator_reads_every_row_once(answer, paginate, requests):
    """Five rows in pages of two, by six schemes."""
    http, source = ask(answer)
    pages = list(http.pages("/rows", paginate=paginate))
    assert [row for page in pages for row in page] == ROWS
    assert [len(page) for page in pages] == [2, 2, 1]
    assert len(source.asked) == requests


def test_an_offset_stops_at_a_short_page():
    """With a limit sent, a page that is not full is the last."""
    http, source = ask(by_offset)
    assert len(list(http.pages("/rows", params={"limit": 2}, paginate=offset()))) == 3
    assert [dict(request.params).get("offset") for request in source.asked] == [None, "2", "4"]


def test_parameters_and_headers_go_with_every_page():
    """What was asked of the first page is asked of those that follow."""
    http, source = ask(by_cursor)
    list(http.pages("/rows", params={"since": "t1"}, headers={"X": "y"}, paginate=cursor("meta.next", param="after")))
    assert [dict(request.params)["since"] for request in source.asked] == ["t1"] * 3
    assert {request.headers for request in source.asked} == {(("X", "y"),)}


def test_a_parameter_that_is_sent_several_times_goes_with_every_page_as_often():
    """The next page is filtered as the first one was."""
    http, source = ask(by_last_id)
    list(http.pages("/rows", params={"types[]": ["a", "b"], "limit": 2}, paginate=last_id()))
    sent = [[value for name, value in request.params if name == "types[]"] for request in source.asked]
    assert sent == [["a", "b"]] * 3
    assert [[value for name, value in request.params if name == "starting_after"] for request in source.asked] == [
        [], ["2"], ["4"],
    ]  # fmt: skip


def test_an_empty_page_is_never_yielded():
    """Not at the end, and not in between."""
    pages = {None: ([1], "a"), "a": ([], "b"), "b": ([2], None)}

    def answer(request):
        rows, following = pages[dict(request.params).get("cursor")]
        return {"data": rows, "next": following}

    http, _ = ask(answer)
    assert list(http.pages("/rows", paginate=cursor("next"))) == [[1], [2]]
    assert list(ask(lambda _: [])[0].pages("/rows")) == []


def test_a_page_that_leads_to_itself_ends_the_run():
    """A scheme that does not fit the source would go round for ever."""
    http, _ = ask(lambda _: {"data": [1], "next": "same"})
    with pytest.raises(ConnectorMistake, match="page itself"):
        list(http.pages("/rows", paginate=cursor("next")))


@pytest.mark.parametrize(
    ("body", "items"),
    [([1], None), ({"data": [1]}, None), ({"items": [1], "value": 2}, None), ({"a": {"b": [1]}, "data": []}, "a.b")],
)
def test_rows_are_found_where_they_usually_are(body, items):
    """The body itself, the first usual key, or where the author says."""
    assert list(ask(lambda _: body)[0].pages("/rows", items=items)) == [[1]]


@pytest.mark.parametrize(("body", "items"), [({"rows": [1]}, None), ("text", None), ([1], "data"), ({"a": 1}, "a")])
def test_rows_that_are_not_found_say_where_was_looked(body, items):
    """An empty run would be the worse answer."""
    with pytest.raises(ConnectorMistake, match="no list of rows"):
        list(ask(lambda _: body)[0].pages("/rows", items=items))


def test_parameters_are_spelt_once():
    """None is left out; lists repeat; booleans and times have their usual spelling."""
    http, source = ask(lambda _: [])
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    http.get("/rows", params={"a": None, "b": [1, "x", None], "c": True, "d": moment, "e": date(2026, 1, 2), "f": 1.5})
    assert source.asked[0].params == (
        ("b", "1"),
        ("b", "x"),
        ("c", "true"),
        ("d", "2026-01-01T00:00:00+00:00"),
        ("e", "2026-01-02"),
        ("f", "1.5"),
    )


def test_verbs_carry_json_or_a_body():
    """One or the other."""
    http, source = ask(lambda _: {})
    for verb in (http.post, http.put, http.patch):
        verb("/rows", json={"a": moment_of("x")})
    http.post("/rows", body=b"raw", headers={"Content-Type": "text/plain"})
    http.delete("/rows/1")
    http.request("report", "/rows")
    assert [request.method for request in source.asked] == ["POST", "PUT", "PATCH", "POST", "DELETE", "REPORT"]
    assert source.asked[0].body == b'{"a":"x"}'
    assert dict(source.asked[0].headers) == {"Content-Type": "application/json"}
    assert source.asked[3].body == b"raw"
    with pytest.raises(ConnectorMistake, match="not both"):
        http.post("/rows", json={}, body=b"")


def moment_of(value):
    return value


def test_header_names_have_no_case():
    """A source may spell them as it likes."""
    response = Response(200, {"X-Total": "5"}, b"")
    assert response.headers["x-total"] == response.headers["X-TOTAL"] == "5"
    assert "x-TOTAL" in response.headers
    assert dict(response.headers) == {"X-Total": "5"}


@pytest.mark.parametrize(
    ("status", "headers", "error", "wait"),
    [
        (401, {}, AuthFailed, None),
        (403, {}, AuthFailed, None),
        (403, {"X-RateLimit-Remaining": "0"}, RateLimited, None),
        (404, {}, SourceRefused, None),
        (422, {}, SourceRefused, None),
        (408, {}, SourceUnavailable, None),
        (429, {}, RateLimited, None),
        (429, {"Retry-After": "17"}, RateLimited, 17),
        (500, {}, SourceUnavailable, None),
        (503, {"retry-after": "5"}, SourceUnavailable, 5),
        (304, {}, SourceRefused, None),
    ],
)
def test_a_status_becomes_what_follows_from_it(status, headers, error, wait):
    """Retried, given up, or shown to an operator; never with the query, which may hold a key."""
    response = Response(status, headers, b"no", "https://api.acme.test/rows?api_key=hunter2")
    assert not response.ok
    with pytest.raises(error) as caught:
        response.raise_for_status()
    assert type(caught.value) is error
    assert getattr(caught.value, "wait", None) == wait
    assert "hunter2" not in str(caught.value)


def test_a_wait_may_be_a_date():
    """`Retry-After` has two spellings."""
    moment = datetime.now(UTC) + timedelta(seconds=60)
    with pytest.raises(RateLimited) as caught:
        Response(429, {"Retry-After": format_datetime(moment, usegmt=True)}).raise_for_status()
    assert 50 < caught.value.wait <= 60


def test_pages_raise_for_status():
    """A page that failed is not an empty one."""
    http, _ = ask(lambda _: Response(503))
    with pytest.raises(SourceUnavailable):
        list(http.pages("/rows"))


def test_a_body_that_is_not_json_is_the_sources_fault():
    """A proxy's error page comes and goes."""
    with pytest.raises(SourceUnavailable, match="not JSON"):
        _ = Response(200, {}, b"<html>").json
    assert Response(200, {}, b'{"a": 1}').json == {"a": 1}
    assert Response(200, {}, "é".encode()).text == "é"
