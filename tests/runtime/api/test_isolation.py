"""Another organisation sees nothing: every list is empty, everything that is named is not there."""

import pytest

from levada_runtime.foundation.ids import row_id, spell_delivery
from levada_runtime.store.backfills_model import BackfillRow
from levada_runtime.store.model import PlanRow, QuarantineRow, RunRow, StreamRow
from levada_runtime.store.pipelines_model import DeliveryRow
from levada_runtime.store.receipts_model import ReceiptRow
from levada_runtime.work.service import new_work

OWN = {"/v1/keys", "/v1/audit"}
"""Nobody asks without a key, and it was noted when it was made: these tell of one's own, and of no other."""
ASKED = {f"/v1/graph/{what}" for what in ("entity", "neighbours", "path", "changes", "stats", "why")}
"""These list nothing, or nothing without being told what; that they tell of one's own graph is tested with them."""
SHARED = "/v1/connectors"
"""What is installed is every organisation's."""
PIPELINE = "pipeline: signups\ndestinations: [{log: {}}]\n"


@pytest.fixture
def ids(api, installation):
    """One of everything, by the last word of its path before the id."""
    document = api.post("/v1/customers", {"customer_id": "c-1", "name": "Ada"}).body["id"]
    entity = api.post("/api/entities", {"kind": "user", "external_id": "ada"}).body["data"]["id"]
    api.post("/v1/ingest", {"events": [{"type": "user.signup", "payload": {}, "idempotencyKey": "k"}]})
    api.post("/v1/pipelines", {"definition": PIPELINE})
    rows = {**_runtime_rows(installation), "keys": api.key.split("_")[2], "graph": _held(api)}
    return {"customers": document, "entities": entity, "pipelines": "signups", "connections": "rest", **rows}


def _held(api):
    batch = {"connector_id": "crm", "sync_id": "s", "entities": [], "relationships": []}
    ada = {"entity_type": "user", "entity_key": "ada", "entity_class": "User"}
    api.post("/v1/ingest/sync", {**batch, "entities": [ada]})
    return api.post("/v1/ingest/sync", {**batch, "guard": True}).body["held_id"]


def _runtime_rows(installation):
    org, now = installation.org.id, installation.clock.now()
    connection = installation.connections.get(installation.org, "rest").id
    run = RunRow(
        org,
        connection,
        "run-1",
        "rest",
        "events",
        "webhook",
        observing=False,
        state="succeeded",
        attempt=1,
        queued_at=now,
    )
    receipt = ReceiptRow(org, connection, "rc-1", "events", "d", "d", now, {}, [], {}, 2, "done", "run-1")
    record, delivery = row_id(), row_id()
    place = {"org_id": org, "connection_id": connection}
    work = new_work(**place, kind="webhook", key="k", payload={"run": "run-1"}, now=now, max_attempts=1)
    refused = QuarantineRow(
        **place,
        id=record,
        stream="events",
        document_type="customer",
        fingerprint=b"f",
        idempotency_key="k",
        source_id=None,
        payload="{}",
        reason="validation_failed",
        message="no",
        errors=[],
        state="open",
        times=1,
        run_id="run-1",
        first_seen_at=now,
        last_seen_at=now,
    )
    sent = DeliveryRow(
        **place,
        id=delivery,
        uid=spell_delivery(connection, delivery),
        event_id=row_id(),
        pipeline="signups",
        pipeline_version=1,
        destination=0,
        destination_type="log",
        target="log",
        subject=None,
        state="dead",
        fields={},
        body="{}",
        created_at=now,
        updated_at=now,
    )
    past = BackfillRow(
        **place,
        id="backfill-1",
        stream="events",
        state="succeeded",
        begins_at=now,
        ends_at=now,
        slice="P7D",
        slices=1,
        entered=1,
        parallel=1,
        created_at=now,
        begun_at=now,
    )
    with installation.store.write() as uow:
        uow.receipts.enter([(receipt, b"{}", run, work)])
        uow.recordings.begin(run, b"{}")
        uow.plans.add(PlanRow(**place, id="plan-1", run_id="run-1", body={}, created_at=now))
        uow.quarantine.keep([refused])
        uow.deliveries.add([sent])
        polled = StreamRow(org, connection, "events", ["poll"], "@hourly", None, "UTC", paused=False)
        uow.streams.replace(org, connection, [polled])
        uow.backfills.add(past)
    return {
        "runs": "run-1",
        "receipts": "rc-1",
        "plans": "plan-1",
        "quarantine": str(record),
        "deliveries": sent.uid,
        "streams": "rest/events",
        "backfills": "backfill-1",
    }


def operations(app):
    """Yield every operation that needs a key, with the word of the thing it names and whether it names one."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            if operation.get("security") and not path.startswith(SHARED):
                yield method.upper(), path, path.split("/")[2], "{" in path


def filled(path, given):
    path = path.replace("{connection}/{stream}", "{stream}")
    return path[: path.index("{")] + given + path[path.index("}") + 1 :]


def test_whatever_is_named_by_its_id_is_not_there_for_another_organisation(app, api, other_api, ids):
    """Each operation of the API that names something: its owner finds it, the other does not."""
    named = [(method, path, word) for method, path, word, names in operations(app) if names]
    assert {word for _, _, word in named} >= ids.keys()
    plurals = {contract.plural for contract in api.app.state.services.registry}
    body = {"traits": {"stolen": True}}
    for method, path, word in named:
        given = ids.get(word) or ids["customers"]
        assert word in ids or word in plurals, f"nothing is there to ask {path} for"
        answer = other_api.ask(method, filled(path, given), body if method == "PATCH" else None)
        assert answer.status == 404, f"{method} {path}"
    for method, path, word in named:
        if method == "GET" and word in ids:
            assert api.get(filled(path, ids[word])).status == 200, path
    assert api.get(f"/api/entities/{ids['entities']}").body["data"]["traits"] == {}


def test_every_list_is_empty_for_another_organisation(app, api, other_api, ids):
    """Whatever lists anything lists nothing of others'; a filter by their connection finds none."""
    listed = [path for method, path, _, names in operations(app) if method == "GET" and not names and path not in ASKED]
    assert {"/v1/customers", "/api/entities", "/v1/runs", "/v1/receipts", "/v1/deliveries"} <= set(listed)
    for path in listed:
        if path not in OWN:
            assert other_api.get(path).body["data"] == [], path
        if path.rpartition("/")[2] in ids:
            assert len(api.get(path).body["data"]) == 1, path
    for path in ("/v1/customers", "/v1/runs", "/v1/quarantine", "/v1/receipts"):
        assert other_api.get(f"{path}?connection=rest").status == 404


def test_what_another_organisation_writes_under_the_same_names_is_its_own(api, other_api, ids):
    """The same customer, entity, event key and pipeline: new to it, and nothing of the first's is touched."""
    assert other_api.post("/v1/customers", {"customer_id": "c-1", "name": "Eve"}).status == 201
    assert other_api.post("/api/entities", {"kind": "user", "external_id": "ada"}).status == 201
    event = {"type": "user.signup", "payload": {}, "idempotencyKey": "k"}
    assert other_api.post("/v1/ingest", {"events": [event]}).body["data"]["accepted"] == 1
    assert other_api.post("/v1/pipelines", {"definition": PIPELINE}).status == 201
    empty = {"connector_id": "c", "sync_id": "s", "entities": [], "relationships": []}
    assert other_api.post("/v1/ingest/sync", empty).body["entities_deleted"] == 0
    assert api.get(f"/v1/customers/{ids['customers']}").body["data"]["payload"]["name"] == "Ada"
    assert api.get("/v1/pipelines/signups").body["data"]["version"] == 1


def test_an_end_in_another_organisations_graph_is_no_end(api, other_api):
    """A relationship may only lead to what its own organisation knows."""
    host = {"entity_type": "host", "entity_key": "h", "entity_class": "Host"}
    api.post("/v1/ingest/write", {"write_id": "w", "entities": [host], "relationships": []})
    edge = {"from_type": "host", "from_key": "h", "verb": "RUNS", "to_type": "host", "to_key": "h"}
    answer = other_api.post("/v1/ingest/write", {"write_id": "w", "entities": [], "relationships": [edge]})
    assert (answer.status, answer.body["error"]) == (500, "DanglingRelationship")
