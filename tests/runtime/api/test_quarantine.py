"""Refused records over HTTP: found by what they have in common, replayed, discarded; and a scheme accepted."""

import json

import pytest
import sqlalchemy as sa

from levada import Draft
from levada_runtime.ingest.model import Origin
from levada_runtime.ingest.service import Ingest


@pytest.fixture
def send(api, installation):
    """Returns what commits records of the built-in connection, each a key and a payload."""
    api.post("/v1/vendors", {"source_id": "v", "name": "V"})
    rest = installation.connections.get(installation.org, "rest")
    place = (installation.org.id, "rest", rest.id, rest.uid)

    def commit(*records, stream="customer"):
        ingest = Ingest(
            installation.store,
            installation.registry,
            Origin("default", *place, "rest", "1", stream, "run", 1, "poll", None),
        )
        drafts = [Draft(json.dumps(one).encode(), key, None, None, None, False) for key, one in records]  # noqa: FBT003 - in the order of the fields
        ingest.emit(0, stream, "customer", drafts, continue_on_error=True, last=True)
        with installation.store.write() as uow:
            ingest.write(uow, installation.clock.now())

    return commit


def customer(number, **fields):
    return {"customer_id": str(number), "name": f"Customer {number}", **fields}


def test_refused_records_are_filtered_replayed_and_discarded(api, send):
    """One by one and many at once; a record that is replayed says so, one that is refused again says why."""
    send(("a", customer(1, balance=1)), ("b", customer(2)), ("", customer(3)))
    send(("c", customer(4, balance=1)), stream="archive")
    listed = lambda query="": [one["idempotency_key"] for one in api.get(f"/v1/quarantine{query}").body["data"]]  # noqa: E731 - a short name
    assert listed() == ["c", None, "a"]
    assert listed("?type=customer&stream=customer&reason=validation_failed&connection=rest") == ["a"]
    assert api.get("/v1/quarantine?reason=bad").status == 422
    assert api.get("/v1/quarantine?state=bad").status == 422
    assert api.get("/v1/quarantine?type=%00").status == 422
    first = api.get("/v1/quarantine?stream=archive").body["data"][0]["id"]
    answer = api.post(f"/v1/quarantine/{first}/replay")
    assert (answer.status, answer.body["data"]["state"], answer.body["data"]["times"]) == (200, "open", 2)
    answer = api.post("/v1/quarantine/replay", {"all": True})
    assert (answer.status, answer.body["data"]["still_refused"]) == (200, 3)
    assert api.post(f"/v1/quarantine/{first}/discard").body["data"]["state"] == "discarded"
    assert api.post("/v1/quarantine/discard", {"reason": "validation_failed"}).body["data"] == {"discarded": 1}
    assert listed() == [None]
    assert sorted(filter(None, listed("?state=all"))) == ["a", "c"]


def test_a_scheme_is_accepted_over_http(api, send):
    """What was refused takes the documents over when it is replayed; a second replay is refused."""
    send(("a", customer(1)))
    send(("b", customer(1)))
    (refused,) = api.get("/v1/quarantine").body["data"]
    assert refused["reason"] == "idempotency_scheme_changed"
    path = "/v1/connections/rest/streams/customer/accept-scheme"
    answer = api.post(f"{path}?type=customer")
    assert (answer.status, answer.body["data"]["document_types"], answer.body["data"]["refused"]) == (
        200,
        ["customer"],
        1,
    )
    assert api.post(f"{path}?type=vendor").status == 422
    assert api.post(f"{path}?type=custmer").status == 404
    assert api.post("/v1/connections/none/streams/customer/accept-scheme").status == 404
    assert api.post(f"/v1/quarantine/{refused['id']}/replay").body["data"]["state"] == "replayed"
    assert api.post(f"/v1/quarantine/{refused['id']}/replay").status == 422
    assert api.post(f"/v1/quarantine/{refused['id']}/discard").status == 422
    assert [one["idempotency_key"] for one in api.get("/v1/customers").body["data"]] == ["b"]


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 422), ({"ids": [], "reason": "bad"}, 422), ({"ids": "1"}, 422), ({"al": True}, 422), ({"ids": ["7"]}, 404)],
    ids=["nothing", "no-reason", "no-list", "misspelt", "not-there"],
)
def test_what_is_meant_has_to_be_said_and_understood(api, send, body, status):
    """Nothing is done to records that were not meant."""
    for word in ("replay", "discard"):
        assert api.post(f"/v1/quarantine/{word}", body).status == status


@pytest.mark.databases("sqlite")
def test_a_store_that_cannot_be_asked_is_answered_as_unavailable(api, installation):
    """A write is answered 503 with when to come again, and is taken then."""
    api.post("/v1/customers", customer(1))
    with installation.store.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE pages RENAME TO pages_away"))
    answer = api.post("/v1/customers", customer(2), headers={"Idempotency-Key": "again"})
    assert (answer.status, answer.body["code"], answer.headers["retry-after"]) == (503, "store_unavailable", "5")
    with installation.store.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE pages_away RENAME TO pages"))
    assert api.post("/v1/customers", customer(2), headers={"Idempotency-Key": "again"}).status == 201
