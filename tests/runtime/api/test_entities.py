"""Entities by REST, as the callers of seed 000 know them."""

import json
import uuid

import pytest

ALICE = {
    "kind": "user",
    "external_id": "alice@acme.co",
    "traits": {"plan": "growth", "arr": 50000, "account_owner": "ben", "company_domain": "acme.co"},
}
UNKNOWN = "0191e3a0-7c00-7000-8000-00000000feed"


@pytest.fixture
def alice(api):
    return api.post("/api/entities", ALICE).body["data"]


def test_a_new_entity_is_201_and_an_existing_one_200_with_its_merged_state(api):
    """POST is upsert by kind and external id; traits that are not mentioned are preserved."""
    created = api.post("/api/entities", ALICE)
    assert created.status == 201
    row = created.body["data"]
    assert set(row) == {
        "id", "kind", "external_id", "class", "display_name", "traits", "first_seen", "last_seen",
    }  # fmt: skip
    assert (row["kind"], row["external_id"], row["traits"]) == ("user", "alice@acme.co", ALICE["traits"])
    assert (row["class"], row["display_name"]) == ("User", "alice@acme.co")
    assert str(uuid.UUID(row["id"])) == row["id"]
    merged = api.post("/api/entities", {**ALICE, "traits": {"plan": "scale", "note": None, "tags": {"a": 1}}})
    assert merged.status == 200
    assert merged.body["data"]["traits"] == {**ALICE["traits"], "plan": "scale", "note": None, "tags": {"a": 1}}
    assert merged.body["data"]["id"] == row["id"]
    assert merged.body["data"]["first_seen"] == row["first_seen"]
    assert merged.body["data"]["last_seen"] > row["last_seen"]


def test_traits_merge_one_level_deep(api, alice):
    """A nested object is replaced whole."""
    api.patch(f"/api/entities/{alice['id']}", {"traits": {"address": {"city": "Rome", "zip": "1"}}})
    patched = api.patch(f"/api/entities/{alice['id']}", {"traits": {"address": {"city": "Oslo"}}})
    assert patched.status == 200
    assert patched.body["data"]["traits"] == {**ALICE["traits"], "address": {"city": "Oslo"}}
    assert patched.body["data"]["last_seen"] > alice["last_seen"]


def test_one_is_read_by_its_id_and_found_by_its_key(api, alice):
    """The same row either way."""
    assert api.get(f"/api/entities/{alice['id']}").body == {"data": alice}
    api.post("/api/entities", {"kind": "account", "external_id": "alice@acme.co"})
    for query in ("kind=user", "kind=user&external_id=alice%40acme.co"):
        assert api.get(f"/api/entities?{query}").body == {"data": [alice], "next_cursor": None}
    assert len(api.get("/api/entities?external_id=alice%40acme.co").body["data"]) == 2
    assert api.get("/api/entities?kind=order").body == {"data": [], "next_cursor": None}


def test_a_deleted_entity_is_gone_and_comes_back_when_asserted_again(api, alice):
    """204, then 404, then 201."""
    gone = api.delete(f"/api/entities/{alice['id']}")
    assert (gone.status, gone.body) == (204, b"")
    for answer in (
        api.get(f"/api/entities/{alice['id']}"),
        api.delete(f"/api/entities/{alice['id']}"),
        api.patch(f"/api/entities/{alice['id']}", {"traits": {}}),
    ):
        assert answer.status == 404
        assert set(answer.body) == {"error"}
        assert set(answer.body["error"]) == {"message"}
    back = api.post("/api/entities", {"kind": "user", "external_id": "alice@acme.co"})
    assert (back.status, back.body["data"]["traits"]) == (201, {})


def test_a_list_is_written_whole_and_answered_in_its_order(api):
    """For the nightly sync: up to a thousand at a time."""
    rows = [{"kind": "account", "external_id": f"a-{number}", "traits": {"n": number}} for number in range(1_000)]
    answer = api.post("/api/entities", [*rows[:-1], {**rows[0], "traits": {"again": True}}])
    assert answer.status == 200
    assert [row["external_id"] for row in answer.body["data"][:999]] == [row["external_id"] for row in rows[:-1]]
    assert answer.body["data"][-1]["traits"] == {"n": 0, "again": True}
    assert api.post("/api/entities", []).body == {"data": []}
    assert api.post("/api/entities", [*rows, rows[0]]).status == 400


def test_a_list_with_one_wrong_entity_writes_nothing(api):
    """The error names its index."""
    good = {"kind": "user", "external_id": "u"}
    for wrong, place in (({"kind": "user"}, "[1].external_id"), ({**good, "class": "Nope"}, "[1].class"), (7, "[1]")):
        answer = api.post("/api/entities", [good, wrong])
        assert answer.status == 400
        assert place in answer.body["error"]["message"]
    assert api.get("/api/entities").body["data"] == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"external_id": "x"}, "kind is missing"),
        ({"kind": "user"}, "external_id is missing"),
        ({"kind": 1, "external_id": "x"}, "kind must be a string"),
        ({"kind": "user", "external_id": 7}, "external_id must be a string"),
        ({"kind": "", "external_id": "x"}, "kind must not be empty"),
        ({"kind": "user", "external_id": ""}, "external_id must not be empty"),
        ({"kind": "user", "external_id": None}, "external_id must be a string"),
        ({"kind": "user", "external_id": "x", "traits": []}, "traits must be an object"),
        ({"kind": "user", "external_id": "x", "traits": None}, "traits must be an object"),
        ({"kind": "user", "external_id": "x", "trait": {}}, "did you mean 'traits'?"),
        ({"kind": "user", "external_id": "x", "class": "Usr"}, "did you mean 'User'?"),
        ({"kind": "user", "external_id": "x", "traits": {"a": {"b": "\x00"}}}, "traits.a.b holds U+0000"),
        ("user", "the body must be an object"),
        (None, "the body must be an object"),
    ],
)
def test_what_is_no_entity_is_400_with_the_reason(standing, body, said):
    """In this surface's envelope, and nothing but the message in it."""
    answer = standing.post("/api/entities", raw=json.dumps(body).encode())
    assert answer.status == 400
    assert said in answer.body["error"]["message"]


def test_a_patch_takes_traits_and_nothing_else(api, alice):
    """A misspelt field is refused, not dropped."""
    for body in ({}, {"traits": 1}, {"traits": {}, "kind": "x"}, []):
        assert api.patch(f"/api/entities/{alice['id']}", body).status == 400
    assert api.get(f"/api/entities/{alice['id']}").body["data"] == alice


@pytest.mark.parametrize("limit", ["0", "-1", "many", "1.5", ""])
def test_a_limit_that_cannot_be_meant_is_400(standing, limit):
    """So is a cursor that no list gave."""
    assert standing.get(f"/api/entities?limit={limit}").status == 400
    assert standing.get("/api/entities?cursor=zz").status == 400


def test_lists_are_paged_by_a_hundred_and_never_over_five_hundred(api):
    """Walking by the cursor meets every row once."""
    for start in range(0, 620, 310):
        api.post("/api/entities", [{"kind": "n", "external_id": str(start + at)} for at in range(310)])
    assert len(api.get("/api/entities").body["data"]) == 100
    assert len(api.get("/api/entities?limit=5000").body["data"]) == 500
    seen, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/api/entities?limit=250{cursor and '&cursor=' + cursor}").body
        seen += [row["external_id"] for row in page["data"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 620


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("GET", "/api/entities", {"key": None}, 401),
        ("POST", "/api/entities", {"key": "lvd_1_2_3", "value": ALICE}, 401),
        ("PUT", "/api/entities", {}, 405),
        ("POST", f"/api/entities/{UNKNOWN}", {}, 405),
        ("GET", f"/api/entities/{UNKNOWN}", {}, 404),
        ("GET", "/api/entities/not-a-uuid", {}, 404),
        ("GET", "/api/entities/a/b", {}, 404),
        ("POST", "/api/entities", {"raw": b"{"}, 400),
        ("POST", "/api/entities", {"raw": b"{}", "headers": {"content-type": "text/csv"}}, 415),
        ("POST", "/api/entities", {"raw": b"[" + b" " * (10 << 20) + b"]"}, 413),
        ("POST", "/v1/ingest", {"key": None, "value": {}}, 401),
        ("GET", "/v1/ingest", {}, 405),
        ("POST", "/v1/ingest", {"raw": b"nope"}, 400),
        ("POST", "/v1/ingest", {"raw": b"{}", "headers": {"content-type": "text/csv"}}, 415),
    ],
)
def test_every_error_of_this_surface_is_in_its_envelope(standing, method, path, more, status):
    """Those that come before the route is reached, too."""
    answer = standing.ask(method, path, **more)
    assert answer.status == status
    assert set(answer.body) == {"error"}
    assert set(answer.body["error"]) == {"message"}
    assert answer.headers["x-request-id"]


def test_scopes_open_reading_and_writing_apart(scoped):
    """A key without one is told which it lacks."""
    reader, writer = scoped("entities:read"), scoped("entities:write")
    assert writer.post("/api/entities", ALICE).status == 201
    assert reader.get("/api/entities").status == 200
    for answer in (reader.post("/api/entities", ALICE), writer.get("/api/entities")):
        assert answer.status == 403
        assert "entities:" in answer.body["error"]["message"]
