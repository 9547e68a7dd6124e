"""Syncs that are held over HTTP: who asks for it or whose key has it; listed, shown, approved and discarded."""

import pytest
from tests.runtime.api.conftest import Caller
from tests.runtime.api.test_graph_ingest import BATCH, HOST, RUNS, counters

EMPTY = {**BATCH, "entities": [], "relationships": []}
GUARDED = {**EMPTY, "guard": True}


@pytest.fixture
def guarding(app, installation):
    """A caller whose key has guarding on."""
    return Caller(app, installation.keys.issue(installation.org, "guarding", ["ingest:write"], guard=True)[1])


def test_a_sync_that_asks_for_the_guard_is_held_with_its_eight_counters(api):
    """It changes nothing; as long as it deletes little it is a sync like any other."""
    assert api.post("/v1/ingest/sync", {**BATCH, "guard": True}).status == 200
    answer = api.post("/v1/ingest/sync", GUARDED)
    assert answer.status == 202
    assert answer.body == {
        "status": "held",
        "held_id": answer.body["held_id"],
        "entities_created": 0,
        "entities_updated": 0,
        "entities_unchanged": 0,
        "entities_deleted": 2,
        "relationships_created": 0,
        "relationships_updated": 0,
        "relationships_unchanged": 0,
        "relationships_deleted": 1,
    }
    assert len(api.get("/api/entities").body["data"]) == 2
    assert counters(api.post("/v1/ingest/sync", {**GUARDED, "guard": False}).body)[3] == 2


def test_a_key_that_has_guarding_on_guards_whatever_its_holder_says(api, guarding):
    """Such a key says so where it is listed."""
    guarding.post("/v1/ingest/sync", BATCH)
    assert guarding.post("/v1/ingest/sync", EMPTY).status == 202
    assert guarding.post("/v1/ingest/sync", {**EMPTY, "guard": False}).status == 202
    assert api.post("/v1/ingest/sync", EMPTY).status == 200
    made = api.post("/v1/keys", {"name": "ci", "scopes": ["ingest:write"], "guard": True}).body["data"]
    assert made["guard"] is True
    listed = {one["name"]: one["guard"] for one in api.get("/v1/keys").body["data"]}
    assert (listed["guarding"], listed["ci"]) == (True, True)
    assert list(listed.values()).count(False) == 1


@pytest.mark.parametrize("guard", ["yes", 1, None, {}])
def test_a_guard_that_is_no_truth_is_refused_by_its_path(api, guard):
    """As everything else of the body."""
    answer = api.post("/v1/ingest/sync", {**BATCH, "guard": guard})
    assert (answer.status, answer.body["error"]) == (400, "InvalidRequest")
    assert answer.body["details"] == [{"path": "guard", "message": "must be true or false"}]


def test_what_is_held_is_listed_shown_and_approved(api):
    """Once; then it is not held any more, and says what it did."""
    api.post("/v1/ingest/sync", BATCH)
    held = api.post("/v1/ingest/sync", GUARDED).body["held_id"]
    (listed,) = api.get("/v1/graph/held").body["data"]
    assert (listed["id"], listed["source"], listed["state"]) == (held, "sync:my-connector", "held")
    assert listed["reasons"][0]["message"] == "it would delete all 3 claims of its source"
    shown = api.get(f"/v1/graph/held/{held}").body["data"]
    assert {one["key"] for one in shown["deletes"]["entities"]} == {"web-01", "nginx-web-01"}
    done = api.post(f"/v1/graph/held/{held}/approve").body["data"]
    assert (done["state"], done["applied"]["entities_deleted"]) == ("approved", 2)
    assert api.get("/api/entities").body["data"] == []
    again = api.post(f"/v1/graph/held/{held}/approve")
    assert (again.status, again.body["code"]) == (422, "not_held")
    assert api.get("/v1/graph/held").body["data"] == []
    assert api.get("/v1/graph/held?state=approved").body["data"][0]["applied"]["relationships_deleted"] == 1
    deeds = [one["action"] for one in api.get("/v1/audit").body["data"]]
    assert deeds.count("held.approve") == 1


def test_what_is_held_is_discarded(api):
    """The graph stays as it is."""
    api.post("/v1/ingest/sync", BATCH)
    held = api.post("/v1/ingest/sync", GUARDED).body["held_id"]
    assert api.post(f"/v1/graph/held/{held}/discard").body["data"]["state"] == "discarded"
    assert len(api.get("/api/entities").body["data"]) == 2
    assert api.post(f"/v1/graph/held/{held}/discard").status == 422


def test_deciding_needs_the_scope_to_operate(api, scoped):
    """Whoever may only sync cannot approve what it sent."""
    api.post("/v1/ingest/sync", BATCH)
    held = api.post("/v1/ingest/sync", GUARDED).body["held_id"]
    for method, path in (("POST", f"{held}/approve"), ("POST", f"{held}/discard"), ("GET", held)):
        assert scoped("ingest:write", "entities:read").ask(method, f"/v1/graph/held/{path}").status == 403
    assert scoped("operate").get("/v1/graph/held").status == 200


def test_the_pages_of_what_is_held(api):
    """Newest first, by source."""
    for source in "abc":
        api.post("/v1/ingest/sync", {**BATCH, "connector_id": source, "relationships": []})
        api.post("/v1/ingest/sync", {**GUARDED, "connector_id": source})
    first = api.get("/v1/graph/held?limit=2").body
    assert [one["source"] for one in first["data"]] == ["sync:c", "sync:b"]
    rest = api.get(f"/v1/graph/held?limit=2&cursor={first['pagination']['cursor']}").body
    assert ([one["source"] for one in rest["data"]], rest["pagination"]["has_more"]) == (["sync:a"], False)
    assert [one["source"] for one in api.get("/v1/graph/held?source=sync:b").body["data"]] == ["sync:b"]
    assert api.get("/v1/graph/held?state=lost").status == 422


def test_hidden_relationships_are_listed_with_what_they_wait_for(api):
    """One whose end another source took away waits as well; with the end it is gone from the list."""
    api.post("/v1/ingest/sync", {**BATCH, "connector_id": "ends", "relationships": []})
    api.post("/v1/ingest/sync", {**BATCH, "connector_id": "edges", "entities": [HOST], "relationships": [RUNS]})
    assert api.get("/v1/graph/pending").body["data"] == []
    api.post("/v1/ingest/sync", {**EMPTY, "connector_id": "ends"})
    (one,) = api.get("/v1/graph/pending").body["data"]
    assert (one["awaits"], one["sources"]) == ([["service", "nginx-web-01"]], ["sync:edges"])
    assert api.get("/v1/graph/pending?source=sync:edges").body["data"] == [one]
    assert api.get("/v1/graph/pending?source=sync:ends").body["data"] == []
    assert api.get("/v1/graph/pending?cursor=no").status == 422
    api.post("/v1/ingest/sync", {**BATCH, "connector_id": "ends", "relationships": []})
    assert api.get("/v1/graph/pending").body["data"] == []
