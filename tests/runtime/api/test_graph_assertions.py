"""Who asserts what, and whose word goes first, over HTTP."""

WHY = "/v1/graph/why?kind=customer&key=7"
ORDER = "/v1/graph/priorities?kind=customer"


def test_a_posted_document_is_projected_and_told_of(api, installation):
    """Its entity names it, with its version; a trait that somebody else asserts is told with both."""
    document = api.post("/v1/customers", {"customer_id": "7", "name": "Ada", "email": "ada@b.co"}).body["id"]
    assert api.get(WHY).status == 404
    for token in installation.work.claim_due(10):
        installation.reactor.execute(token)
    api.post("/api/entities", {"kind": "customer", "external_id": "7", "traits": {"email": "new@b.co"}})
    status, body, _ = api.get(WHY)
    assert (status, body["object"]) == (200, "provenance")
    told = body["data"]
    parts = {one["part"]: one for one in told["parts"]}
    assert (parts["class"]["value"], parts["display_name"]["value"]) == ("Account", "Ada")
    name = parts["display_name"]
    assert (name["document"], name["run"]) == ({"id": document, "version": 1}, None)
    email = parts["traits.email"]
    assert (email["source"], email["value"], email["document"]) == ("rest", "new@b.co", None)
    assert [one["value"] for one in email["conflicts"]] == ["ada@b.co"]
    only = api.get(f"{WHY}&trait=email").body["data"]["parts"]
    assert [one["part"] for one in only] == ["traits.email"]
    assert api.get(f"{WHY}&trait=none").body["code"] == "unknown_trait"


def test_an_order_is_set_listed_and_cleared(api, scoped):
    """By who may operate; it decides from then on, and for what is there."""
    for email in ("ada@b.co", "new@b.co"):
        entity = {"entity_type": "customer", "entity_key": "7", "entity_class": "Account"}
        batch = {"connector_id": email[:3], "sync_id": "1", "relationships": []}
        api.post("/v1/ingest/sync", {**batch, "entities": [{**entity, "properties": {"email": email}}]})
    told = api.ask("PUT", ORDER, {"sources": ["sync:ada"]})
    assert (told.status, told.body["data"]) == (200, {"kind": "customer", "sources": ["sync:ada"], "changed": 1})
    shown = api.get("/v1/graph/entity?kind=customer&key=7").body["data"]
    assert shown["traits"] == {"email": "ada@b.co"}
    (listed,) = api.get("/v1/graph/priorities").body["data"]
    assert (listed["kind"], listed["sources"]) == ("customer", ["sync:ada"])
    assert scoped("entities:read").ask("PUT", ORDER, {"sources": ["rest"]}).status == 403
    assert api.delete(ORDER).body["data"]["changed"] == 1
    assert api.delete(ORDER).status == 404
    assert api.get("/v1/graph/priorities").body["data"] == []


def test_an_order_that_is_none_is_refused_by_its_place(api):
    """Nothing is set."""
    for body in ({}, {"sources": []}, {"sources": "rest"}, {"sources": ["a", "a"]}, {"sources": [""]}):
        assert api.ask("PUT", ORDER, body).status == 422
    assert api.get("/v1/graph/priorities").body["data"] == []


def test_another_organisation_sees_neither(api, other_api):
    """Its own orders are its own."""
    api.post("/api/entities", {"kind": "customer", "external_id": "7"})
    api.ask("PUT", ORDER, {"sources": ["rest"]})
    assert other_api.get(WHY).status == 404
    assert other_api.get("/v1/graph/priorities").body["data"] == []
    assert other_api.delete(ORDER).status == 404
