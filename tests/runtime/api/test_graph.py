"""Reading the graph over HTTP: what it answers, and what it refuses."""

from urllib.parse import urlencode

import pytest

ARN = "arn:aws:iam::123/role/admin a+b"


def asked(what, **words):
    return f"/v1/graph/{what}?{urlencode(words, doseq=True)}"


@pytest.fixture
def chained(api):
    """Three hosts and a user whose key holds everything, one leading to the next; returns when that was."""
    for key in ("1", "2", "3"):
        api.post("/api/entities", {"kind": "host", "external_id": key, "traits": {"n": 1}})
    api.post("/api/entities", {"kind": "user", "external_id": ARN})
    relationships = [
        {"from_type": "host", "from_key": start, "verb": "USES", "to_type": "host", "to_key": stop}
        for start, stop in (("1", "2"), ("2", "3"))
    ]
    relationships.append({**relationships[0], "from_type": "user", "from_key": ARN, "to_key": "1"})
    written = api.post("/v1/ingest/write", {"write_id": "w", "entities": [], "relationships": relationships})
    assert written.status == 200
    return api.get("/v1/graph/changes?since=2020-01-01T00:00:00Z").body["until"]


def test_an_entity_is_read_by_any_key_now_and_then(api, chained):
    """As it was needs a moment; what is past was seen by nobody any longer."""
    found = api.get(asked("entity", kind="user", key=ARN))
    assert (found.status, found.body["object"]) == (200, "entity")
    assert found.body["data"]["external_id"] == ARN
    assert found.body["id"] == found.body["data"]["id"]
    uid = api.get(asked("entity", kind="host", key="1")).body["id"]
    api.patch(f"/api/entities/{uid}", {"traits": {"n": 2}})
    then = api.get(asked("entity", kind="host", key="1", as_of=chained)).body["data"]
    now = api.get(asked("entity", kind="host", key="1")).body["data"]
    assert (then["traits"], now["traits"]) == ({"n": 1}, {"n": 2})
    assert (then["until"], then["last_seen"]) == (now["since"], None)
    assert now["last_seen"] == api.get(f"/api/entities/{uid}").body["data"]["last_seen"]


def test_neighbours_paths_changes_and_numbers(api, chained):
    """Each in its envelope, which the description tells of."""
    around = api.get(asked("neighbours", kind="host", key="1", depth=2, direction="out", verb=["USES", "HAS"])).body
    assert around["object"] == "neighbours"
    assert [(one["external_id"], one["depth"]) for one in around["data"]["entities"]] == [("2", 1), ("3", 2)]
    ends = {"from_kind": "user", "from_key": ARN, "to_kind": "host", "to_key": "3"}
    way = api.get(asked("path", **ends)).body["data"]
    assert [one["external_id"] for one in way["entities"]] == [ARN, "1", "2", "3"]
    assert (way["found"], way["length"], len(way["relationships"])) == (True, 3, 3)
    numbers = api.get("/v1/graph/stats").body["data"]
    assert (numbers["entities"], numbers["relationships"], numbers["by_verb"]) == (4, 3, {"USES": 3})
    told, cursor = [], None
    while cursor or not told:
        more = {"cursor": cursor} if cursor else {}
        page = api.get(asked("changes", since="2020-01-01T00:00:00Z", limit=2, **more))
        assert page.status == 200
        told += page.body["data"]
        cursor = page.body["pagination"]["cursor"]
    assert [(one["object"], one["change"]) for one in told] == [("entity", "created")] * 4 + [
        ("relationship", "created")
    ] * 3
    assert api.get(asked("changes", since=chained)).body["data"] == []


def test_what_was_between_is_gone_again_by_the_later_moment(api, chained):
    """A deleted entity takes its relationships along."""
    uid = api.get(asked("entity", kind="host", key="2")).body["id"]
    api.delete(f"/api/entities/{uid}")
    told = api.get(asked("changes", since=chained)).body["data"]
    assert [(one["object"], one["change"]) for one in told] == [("entity", "deleted")] + [
        ("relationship", "deleted")
    ] * 2
    assert api.get(asked("entity", kind="host", key="2")).status == 404
    assert api.get(asked("path", from_kind="host", from_key="1", to_kind="host", to_key="3")).body["data"] == {
        "found": False, "length": None, "entities": [], "relationships": [], "truncated": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "status", "named"),
    [
        ("entity?kind=host", 422, "key"),
        ("entity?kind=host&key=", 422, "key"),
        ("entity?kind=host&key=%00", 422, "key"),
        ("entity?kind=host&key=9", 404, "key"),
        ("entity?kind=host&key=1&as_of=2020-01-01T00:00:00Z", 404, "key"),
        ("entity?kind=host&key=1&as_of=yesterday", 422, "as_of"),
        ("entity?kind=host&key=1&as_of=2026-01-01T00:00:00", 422, "as_of"),
        ("neighbours?kind=host&key=1&depth=11", 422, "depth"),
        ("neighbours?kind=host&key=1&limit=10001", 422, "limit"),
        ("neighbours?kind=host&key=1&direction=up", 422, "direction"),
        ("neighbours?kind=host&key=1&verb=HAZ", 422, "verb"),
        ("path?from_kind=host&from_key=1&to_kind=host&to_key=9", 404, "to_key"),
        ("path?from_kind=host&from_key=9&to_kind=host&to_key=1", 404, "from_key"),
        ("path?from_kind=host&from_key=1&to_kind=host", 422, "to_key"),
        ("changes", 422, "since"),
        ("changes?since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z", 422, "until"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_parameter(standing, path, status, named):
    """In the envelope of operations."""
    standing.post("/api/entities", {"kind": "host", "external_id": "1"})
    answer = standing.get(f"/v1/graph/{path}")
    assert (answer.status, answer.body["status"]) == (status, "error")
    details = answer.body["details"]
    assert (details if isinstance(details, dict) else details[0])["path"] == named


@pytest.mark.databases("sqlite")
def test_reading_needs_the_scope_of_entities(scoped, other_api, chained):
    """And nobody reads what is another organisation's."""
    assert scoped("documents:read").get("/v1/graph/stats").status == 403
    assert scoped("entities:read").get("/v1/graph/stats").status == 200
    assert other_api.get(asked("entity", kind="host", key="1")).status == 404
    assert other_api.get("/v1/graph/stats").body["data"]["entities"] == 0
