"""The requests of the documentation, as they are written, against a real daemon."""

import json
import urllib.error
import urllib.request

import pytest

pytestmark = pytest.mark.journey

ENTITY = b"""{
"kind": "user",
"external_id": "alice@acme.co",
"traits": {
"plan": "growth",
"arr": 50000,
"account_owner": "ben",
"company_domain": "acme.co"
}
}"""
SYNC = b"""{
"connector_id": "my-connector",
"sync_id": "sync-2024-01-15-001",
"entities": [
{
"entity_type": "host",
"entity_key": "web-01",
"entity_class": "Host",
"display_name": "Web Server 01",
"properties": {
"state": "running",
"region": "us-east-1",
"cpu_count": 8
}
},
{
"entity_type": "service",
"entity_key": "nginx-web-01",
"entity_class": "Service",
"display_name": "Nginx on web-01"
}
],
"relationships": [
{
"from_type": "host",
"from_key": "web-01",
"verb": "RUNS",
"to_type": "service",
"to_key": "nginx-web-01"
}
]
}"""
SYNC_ANSWER = {
    "sync_id": "sync-2024-01-15-001",
    "entities_created": 2,
    "entities_updated": 0,
    "entities_unchanged": 0,
    "entities_deleted": 0,
    "relationships_created": 1,
    "relationships_updated": 0,
    "relationships_unchanged": 0,
    "relationships_deleted": 0,
}
CURL = b"""{
"connector_id": "my-connector",
"sync_id": "sync-001",
"entities": [
{"entity_type": "host", "entity_key": "web-01", "entity_class": "Host",
"display_name": "Web Server 01", "properties": {"state": "running"}}
],
"relationships": []
}"""
WRITE = b"""{
"write_id": "write-001",
"entities": [
{
"entity_type": "host",
"entity_key": "h1",
"entity_class": "Host",
"display_name": "Server 1"
}
],
"relationships": []
}"""


@pytest.fixture
def call(site):
    """A daemon, and what calls it with the admin key: returns status and body."""
    daemon = site.serve()
    key = (site.data_dir / "admin.key").read_text().strip()

    def call(method, path, body=None, key=key):
        data = json.dumps(body).encode() if isinstance(body, dict | list) else body
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
        request = urllib.request.Request(f"{daemon.url}{path}", method=method, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read())

    yield call
    daemon.stop()


def test_entities_are_written_merged_listed_patched_and_deleted(call):
    """201 for a new row, 200 with the merged state for one that is there; then list, get, patch, delete, 404."""
    status, created = call("POST", "/api/entities", ENTITY)
    assert status == 201
    row = created["data"]
    assert {"id", "kind", "external_id", "class", "display_name", "traits", "first_seen", "last_seen"} == set(row)
    partial = {"kind": "user", "external_id": "alice@acme.co", "traits": {"plan": "scale", "country": "PT"}}
    status, merged = call("POST", "/api/entities", partial)
    assert status == 200
    assert merged["data"]["id"] == row["id"]
    assert merged["data"]["traits"] == {
        "plan": "scale",
        "arr": 50000,
        "account_owner": "ben",
        "company_domain": "acme.co",
        "country": "PT",
    }
    assert merged["data"]["last_seen"] > row["last_seen"]
    assert merged["data"]["first_seen"] == row["first_seen"]
    status, listed = call("GET", "/api/entities?kind=user&external_id=alice@acme.co")
    assert (status, [one["id"] for one in listed["data"]], listed["next_cursor"]) == (200, [row["id"]], None)
    assert call("GET", f"/api/entities/{row['id']}")[1] == merged
    status, patched = call("PATCH", f"/api/entities/{row['id']}", {"traits": {"arr": None}})
    assert (status, patched["data"]["traits"]["arr"]) == (200, None)
    assert patched["data"]["traits"]["plan"] == "scale"
    assert call("DELETE", f"/api/entities/{row['id']}") == (204, None)
    for method in ("GET", "DELETE"):
        status, gone = call(method, f"/api/entities/{row['id']}")
        assert (status, list(gone), list(gone["error"])) == (404, ["error"], ["message"])
    assert call("POST", "/api/entities", ENTITY)[0] == 201


def test_a_nightly_sync_of_accounts_may_be_one_request(call):
    """A list is written whole or not at all, and an error names its index."""
    accounts = [
        {"kind": "account", "external_id": f"acc-{number}", "traits": {"name": f"A{number}", "arr": number}}
        for number in range(3)
    ]
    status, answer = call("POST", "/api/entities", accounts)
    assert (status, [row["external_id"] for row in answer["data"]]) == (200, ["acc-0", "acc-1", "acc-2"])
    status, refused = call("POST", "/api/entities", [accounts[0], {"kind": "account", "traits": {}}])
    assert status == 400
    assert "1" in refused["error"]["message"]


def test_sync_and_write_answer_with_their_counters(call):
    """The documented bodies, byte for byte: created, unchanged, and deleted where a smaller batch leaves one out."""
    assert call("POST", "/v1/ingest/sync", SYNC) == (200, SYNC_ANSWER)
    status, again = call("POST", "/v1/ingest/sync", SYNC)
    assert status == 200
    assert (again["entities_unchanged"], again["relationships_unchanged"]) == (2, 1)
    assert sum(value for name, value in again.items() if name != "sync_id") == 3
    status, smaller = call("POST", "/v1/ingest/sync", CURL)
    assert status == 200
    assert smaller == {
        **SYNC_ANSWER,
        "sync_id": "sync-001",
        "entities_created": 0,
        "entities_updated": 1,
        "entities_deleted": 1,
        "relationships_created": 0,
        "relationships_deleted": 1,
    }
    assert call("POST", "/v1/ingest/write", WRITE) == (
        200,
        {"write_id": "write-001", "entities_written": 1, "relationships_written": 0},
    )
    kinds = [row["external_id"] for row in call("GET", "/api/entities?kind=host")[1]["data"]]
    assert sorted(kinds) == ["h1", "web-01"]


def test_a_dangling_relationship_is_refused_with_500_and_writes_nothing(call):
    """The status and the message are the contract, odd as the status is."""
    body = json.loads(SYNC)
    body["relationships"][0]["to_key"] = "ghost"
    body["relationships"][0]["to_type"] = "service"
    status, refused = call("POST", "/v1/ingest/sync", body)
    assert status == 500
    assert refused["error"] == "DanglingRelationship"
    assert refused["message"] == "relationship from host:web-01 RUNS service:ghost — to_id not found in batch or graph"
    assert call("GET", "/api/entities")[1]["data"] == []


def test_every_surface_refuses_in_its_own_words(call):
    """Without a key, and with a body that is none."""
    assert call("POST", "/v1/ingest/sync", SYNC, key=None)[1]["error"] == "Unauthorized"
    assert call("POST", "/v1/ingest/sync", b"{")[1]["error"] == "ParseError"
    assert "message" in call("GET", "/api/entities", key=None)[1]["error"]
    assert call("GET", "/v1/customers", key=None)[1]["status"] == "error"
    assert call("GET", "/nowhere", key=None)[1]["code"] == "not_found"
