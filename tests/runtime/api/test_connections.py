"""Connections and keys by the API: let rest, run again, removed; made, used, revoked."""

import pytest

from levada import Manifest

MANIFEST = Manifest.model_validate({"key": "acme", "title": "Acme", "hosts": [{"pattern": "api.acme.test"}]})


@pytest.fixture
def connection(installation):
    return installation.connections.add(installation.org, MANIFEST, settings={}, secrets={})


def test_a_connection_rests_runs_again_and_is_removed(api, connection):
    """By its name or its id; what was done is in the audit log."""
    assert api.get("/v1/connections/acme").body["data"]["state"] == "active"
    assert api.post("/v1/connections/acme/pause").body["data"]["state"] == "paused"
    assert api.post(f"/v1/connections/{connection.uid}/resume").body["data"]["state"] == "active"
    removed = api.delete("/v1/connections/acme")
    assert (removed.status, removed.body["data"]) == (200, {"id": connection.uid, "removed": True, "runs_ended": 0})
    assert api.get("/v1/connections/acme").status == 404
    assert api.delete("/v1/connections/acme").status == 404
    actions = [one["action"] for one in api.get("/v1/audit?subject=acme").body["data"]]
    assert actions == ["connection.remove", "connection.state", "connection.state", "connection.add"]


def test_connections_are_listed_by_their_names_page_by_page(api, installation):
    """Each once, however many there are on a page."""
    for name in ("b", "a", "c"):
        installation.connections.add(installation.org, MANIFEST, name=name, settings={}, secrets={})
    first = api.get("/v1/connections?limit=2").body
    assert [one["name"] for one in first["data"]] == ["a", "b"]
    rest = api.get(f"/v1/connections?limit=2&cursor={first['pagination']['cursor']}").body
    assert ([one["name"] for one in rest["data"]], rest["pagination"]["has_more"]) == (["c"], False)


def test_the_connection_that_is_built_in_stays(api):
    """Documents come in by it."""
    api.post("/v1/customers", {"customer_id": "c-1", "name": "Ada"})
    assert api.post("/v1/connections/rest/pause").status == 422
    assert api.delete("/v1/connections/rest").status == 422
    assert api.get("/v1/connections/rest").body["data"]["connector_state"] == "ready"


def test_only_who_operates_touches_connections(scoped, connection):
    """A key for documents does not."""
    reader = scoped("documents:read")
    assert reader.delete(f"/v1/connections/{connection.uid}").status == 403
    assert reader.post(f"/v1/connections/{connection.uid}/pause").status == 403


def test_a_key_is_made_shown_once_and_revoked(api, scoped):
    """Only who administers may, since a key may carry every scope."""
    assert scoped("operate").get("/v1/keys").status == 403
    assert scoped("operate").post("/v1/keys", {"scopes": ["admin"]}).status == 403
    made = api.post("/v1/keys", {"name": "ci", "scopes": ["documents:read"]})
    assert (made.status, made.body["data"]["scopes"]) == (201, ["documents:read"])
    token = made.body["data"]["key"]
    assert api.get("/v1/customers", key=token).status == 200
    assert token not in str(api.get("/v1/keys").body)
    revoked = api.delete(f"/v1/keys/{made.body['id']}").body["data"]
    assert revoked["revoked_at"] is not None
    assert api.get("/v1/customers", key=token).status == 401
    assert api.delete("/v1/keys/nobody").status == 404


@pytest.mark.parametrize("body", [{"scopes": ["everything"]}, {"scopes": []}, {"name": 7}, {"more": 1}, []], ids=str)
def test_what_cannot_be_a_key_is_refused(standing, body):
    """Whatever is wrong with it."""
    assert standing.post("/v1/keys", body).status == 422
