"""POST /v1/<plural>: the same contracts, versions and provenance as a connector's, and each request answered once."""

import json
import threading
from datetime import timedelta

import pytest

from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.ingest.once import KEPT, STALE, Answered, KeyClashFailure, Once

CUSTOMER = {"customer_id": "c-1", "name": "Ada", "metadata": {"vip": True}}


def test_a_document_is_created_then_unchanged_then_updated(api):
    """201, 200 with the same version, 200 with the next; read back it is the same thing."""
    created = api.post("/v1/customers", CUSTOMER)
    assert (created.status, created.body["object"], created.body["data"]["version"]) == (201, "customer", 1)
    again = api.post("/v1/customers", CUSTOMER)
    assert (again.status, again.body["data"]["version"], again.body["id"]) == (200, 1, created.body["id"])
    changed = api.post("/v1/customers", {**CUSTOMER, "name": "Ada L."})
    assert (changed.status, changed.body["data"]["version"], changed.body["id"]) == (200, 2, created.body["id"])
    assert api.get(f"/v1/customers/{created.body['id']}").body == changed.body
    assert [one["version"] for one in api.get(f"/v1/customers/{created.body['id']}/versions").body["data"]] == [2, 1]


def test_a_document_says_that_it_came_by_a_request(api):
    """Its connection, mode and request stand where a run's would."""
    answer = api.post("/v1/customers", CUSTOMER, headers={"x-request-id": "nightly-7"})
    data = answer.body["data"]
    assert data["idempotency_key"] == "rest:customer:c-1"
    assert (data["connection"], data["source_id"]) == ("rest", "c-1")
    provenance = data["provenance"]
    assert (provenance["mode"], provenance["connector"], provenance["stream"]) == ("rest", "rest", "customer")
    assert provenance["request"] == "nightly-7"
    assert "run" not in provenance
    assert data["payload"]["source_system"] == "rest"


def test_every_document_type_can_be_written(app, api, installation):
    """What is missing is named for each of them; nothing is stored."""
    for contract in installation.registry:
        status, body, _ = api.post(f"/v1/{contract.plural}", {})
        assert (status, body["code"]) == (422, "validation_error"), contract.plural
        assert contract.identity_field in {one["path"] for one in body["details"]}
        assert api.get(f"/v1/{contract.plural}").body["data"] == []


@pytest.mark.parametrize(
    ("body", "path", "said"),
    [
        ({**CUSTOMER, "nam": "x"}, "nam", "name"),
        ({**CUSTOMER, "balance": 12.5}, "balance", "decimal string"),
        ({**CUSTOMER, "connection_id": "another"}, "connection_id", "another connection"),
        ({**CUSTOMER, "customer_id": ""}, "customer_id", "1 character"),
        ({**CUSTOMER, "customer_id": "é" * 501}, "customer_id", "1000 bytes"),
        ([CUSTOMER], "", ""),
        ("Ada", "", ""),
        (None, "", ""),
    ],
)
def test_a_document_that_does_not_fit_its_contract_is_refused_by_field(standing, body, path, said):
    """422 with where, of which kind and what to do; it is not quarantined, since the caller was told."""
    answer = standing.post("/v1/customers", raw=json.dumps(body).encode())
    assert (answer.status, answer.body["code"]) == (422, "validation_error")
    assert all(set(one) == {"path", "code", "message"} for one in answer.body["details"])
    assert any(one["path"] == path and said in one["message"] for one in answer.body["details"])
    assert standing.get("/v1/quarantine").body["data"] == []


def test_a_payload_larger_than_a_document_may_be_is_refused(api):
    """The body fits, the document does not."""
    answer = api.post("/v1/customers", {**CUSTOMER, "description": "x" * (5 << 20)})
    assert (answer.status, answer.body["code"]) == (413, "payload_too_large")


def test_an_older_document_does_not_replace_a_newer_one(api):
    """It is kept as a version; what is current stays."""
    api.post("/v1/customers", {**CUSTOMER, "updated_at": "2026-02-02T00:00:00Z"})
    older = api.post("/v1/customers", {**CUSTOMER, "name": "Old", "updated_at": "2026-01-01T00:00:00Z"})
    assert (older.status, older.body["data"]["payload"]["name"], older.body["data"]["versions"]) == (200, "Ada", 2)


def test_what_is_written_makes_its_event(api, installation):
    """In the same transaction, like a connector's."""
    api.post("/v1/customers", CUSTOMER)
    api.post("/v1/customers", CUSTOMER)
    connection = installation.connections.get(installation.org, "rest")
    with installation.store.read() as uow:
        events = uow.events.between(installation.org.id, connection.id, 0, 1 << 62, 10)
    assert [(event.source, event.type) for event in events] == [("document.created", "customer")]


def test_the_connection_rest_is_built_in(api, installation):
    """It is there from the first document on, cannot be taken away, and nobody else can have its name."""
    api.post("/v1/customers", CUSTOMER)
    found = installation.connections.get(installation.org, "rest")
    assert api.get("/v1/connections/rest").body["data"]["connector"] == "rest"
    with pytest.raises(UsageFailure, match="built in"):
        installation.connections.remove(found)
    with pytest.raises(UsageFailure, match="built in"):
        installation.connections.set_state(found, "paused")
    with pytest.raises(NotFoundFailure, match="no connector stands behind it"):
        installation.catalog.ready(found.connector)
    assert api.post("/hooks/rest/events", {}).status == 404


def test_two_organisations_have_a_connection_each(api, other_api):
    """The same customer twice is two documents, each seen by its own."""
    first, second = api.post("/v1/customers", CUSTOMER), other_api.post("/v1/customers", CUSTOMER)
    assert (first.status, second.status) == (201, 201)
    assert first.body["id"] != second.body["id"]
    assert other_api.get(f"/v1/customers/{first.body['id']}").status == 404


def test_the_same_request_under_a_key_is_answered_as_the_first_time(api):
    """Status and body are the first's, whatever happened since; the answer says that it is one again."""
    keyed = {"idempotency-key": "k-1"}
    first = api.post("/v1/customers", CUSTOMER, headers=keyed)
    api.post("/v1/customers", {**CUSTOMER, "name": "Changed"})
    reordered = dict(reversed(CUSTOMER.items()))
    for body in (CUSTOMER, reordered):
        again = api.post("/v1/customers", body, headers=keyed)
        assert (again.status, again.body) == (201, first.body)
        assert again.headers["idempotent-replayed"] == "true"
        assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert "idempotent-replayed" not in first.headers


def test_a_refusal_under_a_key_is_repeated_too(api):
    """The first answer was that it does not fit."""
    keyed = {"idempotency-key": "k-1"}
    first = api.post("/v1/customers", {"name": "Ada"}, headers=keyed)
    again = api.post("/v1/customers", {"name": "Ada"}, headers=keyed)
    assert (first.status, again.status, again.body) == (422, 422, first.body)
    assert again.headers["idempotent-replayed"] == "true"


def test_a_key_stands_for_one_body_at_one_path_of_one_organisation(api, other_api):
    """Another body is a conflict; another path or organisation is another request."""
    keyed = {"idempotency-key": "k-1"}
    assert api.post("/v1/customers", CUSTOMER, headers=keyed).status == 201
    status, body, _ = api.post("/v1/customers", {**CUSTOMER, "name": "B"}, headers=keyed)
    assert (status, body["code"]) == (409, "idempotency_key_conflict")
    assert api.post("/v1/bank-accounts", CUSTOMER, headers=keyed).status == 422
    assert other_api.post("/v1/customers", {**CUSTOMER, "name": "B"}, headers=keyed).status == 201


@pytest.mark.parametrize("given", ["", "x" * 256, "a b", "é", "\x7f"])
def test_a_key_that_cannot_be_one_is_refused(standing, given):
    """1 to 255 visible ASCII characters."""
    status, body, _ = standing.post("/v1/customers", CUSTOMER, headers={"idempotency-key": given})
    assert (status, body["code"]) == (400, "invalid_idempotency_key")
    assert standing.post("/v1/customers", CUSTOMER, headers={"idempotency-key": "~" * 255}).status in (200, 201)


def test_while_the_first_request_is_being_answered_the_second_is_told_so(api, installation, clock):
    """409, and the first goes on undisturbed."""
    once = Once(installation.store, installation.clock)
    begun = once.begin(installation.org.id, "k-1", "/v1/customers", b'{"customer_id":"c-1","name":"Ada"}')
    body = {"customer_id": "c-1", "name": "Ada"}
    status, told, _ = api.post("/v1/customers", body, headers={"idempotency-key": "k-1"})
    assert (status, told["code"]) == (409, "idempotency_key_in_progress")
    once.abandon(begun)
    assert api.post("/v1/customers", body, headers={"idempotency-key": "k-1"}).status == 201


def test_what_a_killed_request_left_behind_blocks_its_key_for_a_minute(store, clock):
    """After that the next request takes the key, and the one that was thought dead cannot commit any more."""
    once = Once(store, clock)
    dead = once.begin(1, "k", "/v1/customers", b"{}")
    clock.moment += STALE - timedelta(seconds=1)
    with pytest.raises(KeyClashFailure, match="still being answered"):
        once.begin(1, "k", "/v1/customers", b"{}")
    clock.moment += timedelta(seconds=1)
    taken = once.begin(1, "k", "/v1/customers", b"{}")
    with pytest.raises(KeyClashFailure), store.write() as uow:
        once.finish(uow, dead, Answered(201, "late"))
    once.abandon(dead)
    with store.write() as uow:
        once.finish(uow, taken, Answered(201, "answer"))
    assert once.begin(1, "k", "/v1/customers", b"{}") == Answered(201, "answer", replayed=True)


def test_a_key_is_free_again_after_a_day(store, clock):
    """Answers are kept for 24 hours, and no row stays behind."""
    once = Once(store, clock)
    begun = once.begin(1, "k", "/p", b"{}")
    with store.write() as uow:
        once.finish(uow, begun, Answered(201, "answer"))
    clock.moment += KEPT
    assert once.begin(1, "k", "/p", b"{}").replayed
    clock.moment += timedelta(seconds=1)
    assert once.begin(1, "k", "/p", b"other").started_at == clock.moment


def test_a_request_that_fails_half_way_leaves_neither_document_nor_key(api, installation, monkeypatch):
    """What went wrong inside is no answer to keep."""

    def fail(*_args):
        raise OSError("the disk is full")

    worked = Once.finish
    monkeypatch.setattr(Once, "finish", fail)
    assert api.post("/v1/customers", CUSTOMER, headers={"idempotency-key": "k"}).status == 500
    assert api.get("/v1/customers").body["data"] == []
    monkeypatch.setattr(Once, "finish", worked)
    assert api.post("/v1/customers", CUSTOMER, headers={"idempotency-key": "k"}).status == 201


def test_of_many_at_once_under_one_key_one_writes(app, api):
    """The others get its answer, or are told that it is still being made."""
    answers = []
    ask = lambda: answers.append(api.post("/v1/customers", CUSTOMER, headers={"idempotency-key": "k"}))  # noqa: E731 - one line says it
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for answer in answers} <= {201, 409}
    assert sum(answer.status == 201 and "idempotent-replayed" not in answer.headers for answer in answers) == 1
    (document,) = api.get("/v1/customers").body["data"]
    assert document["versions"] == 1
