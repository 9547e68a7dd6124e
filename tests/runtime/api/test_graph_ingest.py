"""POST /v1/ingest/sync and /v1/ingest/write, as the callers of seed 001 know them."""

import json

import pytest

HOST = {
    "entity_type": "host",
    "entity_key": "web-01",
    "entity_class": "Host",
    "display_name": "Web Server 01",
    "properties": {"state": "running", "region": "us-east-1", "cpu_count": 8},
}
SERVICE = {
    "entity_type": "service",
    "entity_key": "nginx-web-01",
    "entity_class": "Service",
    "display_name": "Nginx on web-01",
}
RUNS = {
    "from_type": "host",
    "from_key": "web-01",
    "verb": "RUNS",
    "to_type": "service",
    "to_key": "nginx-web-01",
}
BATCH = {
    "connector_id": "my-connector",
    "sync_id": "sync-2024-01-15-001",
    "entities": [HOST, SERVICE],
    "relationships": [RUNS],
}


def counters(body):
    return [body[f"{kind}_{what}"] for kind in ("entities", "relationships") for what in COUNTED]


COUNTED = ("created", "updated", "unchanged", "deleted")


def test_a_sync_answers_with_its_eight_counters(api):
    """Byte for byte what its callers were promised, in that order."""
    answer = api.post("/v1/ingest/sync", BATCH)
    assert answer.status == 200
    assert json.dumps(answer.body) == json.dumps(
        {
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
    )


def test_a_sync_is_compared_with_what_the_connector_said_before(api):
    """Unchanged, updated, deleted; another connector's claims are not its business."""
    api.post("/v1/ingest/sync", BATCH)
    api.post("/v1/ingest/sync", {**BATCH, "connector_id": "another"})
    assert counters(api.post("/v1/ingest/sync", BATCH).body) == [0, 0, 2, 0, 0, 0, 1, 0]
    changed = {**BATCH, "entities": [{**HOST, "properties": {"state": "stopped"}}], "relationships": []}
    assert counters(api.post("/v1/ingest/sync", changed).body) == [0, 1, 0, 1, 0, 0, 0, 1]
    assert len(api.get("/api/entities").body["data"]) == 2
    empty = {**BATCH, "entities": [], "relationships": []}
    assert counters(api.post("/v1/ingest/sync", empty).body) == [0, 0, 0, 1, 0, 0, 0, 0]
    assert counters(api.post("/v1/ingest/sync", {**empty, "connector_id": "another"}).body)[3] == 2
    assert api.get("/api/entities").body["data"] == []


def test_a_dangling_relationship_is_500_as_documented(api):
    """Odd as the code is, it is the contract; every offender is listed, and nothing is written."""
    ghost = {**RUNS, "to_key": "ghost"}
    answer = api.post("/v1/ingest/sync", {**BATCH, "entities": [HOST], "relationships": [ghost, RUNS]})
    assert answer.status == 500
    assert answer.body["error"] == "DanglingRelationship"
    assert answer.body["message"].startswith(
        "relationship from host:web-01 RUNS service:ghost — to_id not found in batch or graph"
    )
    assert len(answer.body["details"]) == 2
    assert api.get("/api/entities").body["data"] == []


def test_a_write_upserts_and_counts_what_was_sent(api):
    """Nothing is compared, and nothing is deleted."""
    api.post("/v1/ingest/sync", BATCH)
    sent = {"write_id": "write-001", "entities": [{**HOST, "entity_key": "h1"}], "relationships": []}
    answer = api.post("/v1/ingest/write", sent)
    assert (answer.status, answer.body) == (
        200,
        {"write_id": "write-001", "entities_written": 1, "relationships_written": 0},
    )
    assert len(api.get("/api/entities").body["data"]) == 3


def test_both_surfaces_read_one_store(api):
    """Kind is the entity type, the external id its key, traits its properties."""
    api.post("/v1/ingest/sync", BATCH)
    (host,) = api.get("/api/entities?kind=host").body["data"]
    assert (host["external_id"], host["class"], host["display_name"]) == ("web-01", "Host", "Web Server 01")
    assert host["traits"] == HOST["properties"]


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ({**BATCH, "entities": [{**HOST, "entity_class": "Hst"}]}, "InvalidEntityClass", "Host"),
        ({**BATCH, "relationships": [{**RUNS, "verb": "RUN"}]}, "InvalidRelationshipVerb", "RUNS"),
        ({name: BATCH[name] for name in BATCH if name != "entities"}, "InvalidRequest", "entities"),
        ({name: BATCH[name] for name in BATCH if name != "relationships"}, "InvalidRequest", "relationships"),
        ({**BATCH, "connector_id": 7}, "InvalidRequest", "connector_id"),
        ({**BATCH, "entities": [{**HOST, "entity_type": "Web Host"}]}, "InvalidRequest", "entities[0].entity_type"),
        ({**BATCH, "entities": [{**HOST, "properties": {"a": {}}}]}, "InvalidRequest", "entities[0].properties.a"),
        ({**BATCH, "entities": [HOST, {**HOST, "display_name": "Other"}]}, "InvalidRequest", "entities[1]"),
        ({**BATCH, "entitys": []}, "InvalidRequest", "entities"),
        ([], "InvalidRequest", ""),
        ({**BATCH, "sync_id": "a\x00"}, "InvalidRequest", "sync_id"),
    ],
)
def test_what_cannot_be_meant_is_400_with_its_code_and_place(standing, body, code, said):
    """And nothing is written."""
    answer = standing.post("/v1/ingest/sync", body)
    assert (answer.status, answer.body["error"]) == (400, code)
    assert said in answer.body["message"]
    assert standing.get("/api/entities").body["data"] == []


@pytest.mark.parametrize(
    ("method", "more", "status", "code"),
    [
        ("POST", {"key": None, "value": BATCH}, 401, "Unauthorized"),
        ("POST", {"raw": b"{nope"}, 400, "ParseError"),
        ("POST", {"raw": b""}, 400, "ParseError"),
        ("POST", {"raw": b'{"connector_id": NaN}'}, 400, "ParseError"),
        ("POST", {"raw": b"{}", "headers": {"content-type": "text/plain"}}, 415, "UnsupportedMediaType"),
        ("POST", {"raw": b"[" + b" " * (10 << 20) + b"]"}, 413, "PayloadTooLarge"),
        ("GET", {}, 405, "MethodNotAllowed"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/ingest/sync", "/v1/ingest/write"])
def test_every_error_of_this_surface_is_a_code_and_a_message(standing, path, method, more, status, code):
    """Those that come before the route is reached, too."""
    answer = standing.ask(method, path, **more)
    assert (answer.status, answer.body["error"]) == (status, code)
    assert isinstance(answer.body["message"], str)
    assert set(answer.body) <= {"error", "message", "details"}


def test_a_key_that_may_not_ingest_is_forbidden(scoped):
    """403 in this surface's words."""
    answer = scoped("entities:write", "documents:write").post("/v1/ingest/sync", BATCH)
    assert (answer.status, answer.body["error"]) == (403, "Forbidden")
    assert scoped("ingest:write").post("/v1/ingest/sync", BATCH).status == 200
