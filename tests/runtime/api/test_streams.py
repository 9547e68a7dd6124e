"""Streams over HTTP: shown, changed, their ledger, and their checkpoints."""

import pytest

from levada_runtime.store.model import StreamRow


@pytest.fixture
def orders(api, installation):
    """A polled stream of the connection that is built in, which the first document makes."""
    api.post("/v1/customers", {"customer_id": "c-1", "name": "Ada"})
    row = installation.connections.get(installation.org, "rest")
    with installation.store.write() as uow:
        made = StreamRow(row.org_id, row.id, "orders", ["poll"], "0 3 * * *", None, "UTC", paused=False)
        uow.streams.replace(row.org_id, row.id, [made])
    return "/v1/streams/rest/orders"


def test_a_stream_is_listed_shown_and_changed(api, orders):
    """What is left out stays; an empty schedule goes back to the manifest's."""
    assert [one["stream"] for one in api.get("/v1/streams").body["data"]] == ["orders"]
    assert api.get(orders).body["data"]["schedule"] == "0 3 * * *"
    changed = api.patch(orders, {"schedule": "H/5 * * * *", "overlap": "queue_one", "missed": "skip", "paused": True})
    told = changed.body["data"]
    assert (told["schedule"], told["overlap"], told["missed"], told["paused"]) == (
        *("H/5 * * * *", "queue_one", "skip"),
        True,
    )
    told = api.patch(orders, {"schedule": "", "paused": False}).body["data"]
    assert (told["schedule"], told["overlap"], told["paused"]) == ("0 3 * * *", "queue_one", False)


def test_what_cannot_be_meant_is_refused_and_nothing_is_changed(api, orders):
    """Neither a schedule nor a policy, no name that is not known, and no other type."""
    before = api.get(orders).body["data"]
    refused = [{"schedule": "*/61 * * * *"}, {"overlap": "both"}, {"paused": "yes"}, {"every": 5}, []]
    assert [api.patch(orders, body).status for body in refused] == [422] * len(refused)
    assert api.get(orders).body["data"] == before


def test_the_ledger_and_the_next_moments_are_told(api, orders):
    """In the shape of the command line, in its envelope."""
    told = api.get(f"{orders}/ticks").body
    assert (told["object"], told["data"]["items"], len(told["data"]["next"])) == ("ticks", [], 5)
    assert api.get(f"{orders}/ticks?cursor=never").status == 422
    assert api.get("/v1/streams/rest/nothing/ticks").status == 404


def test_a_checkpoint_is_set_shown_and_taken_away(api, orders):
    """Only as an object, and only of a stream that is served that way."""
    assert api.get(f"{orders}/state").body["data"]["checkpoint"] is None
    assert api.ask("PUT", f"{orders}/state", {"checkpoint": {"since": 5}}).status == 200
    assert api.get(f"{orders}/state").body["data"]["checkpoint"] == {"since": 5}
    assert api.ask("PUT", f"{orders}/state", {"checkpoint": [5]}).status == 422
    assert api.get(f"{orders}/state?mode=webhook").status == 422
    assert api.delete(f"{orders}/state").body["data"]["removed"] == 1
