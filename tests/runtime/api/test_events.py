"""POST /v1/ingest: events in, durable before they are answered for."""

from levada_runtime.foundation.ids import read_event

SIGNUP = {"type": "user.signup", "payload": {"email": "alice@acme.co"}}


def test_events_are_taken_in_and_given_ids(api, installation):
    """202 once they are durable; ids in their order."""
    answer = api.post("/v1/ingest", {"events": [SIGNUP, {**SIGNUP, "timestamp": "2026-03-01T12:00:00Z"}]})
    assert answer.status == 202
    data = answer.body["data"]
    assert (data["accepted"], data["duplicates"], len(data["ids"])) == (2, 0, 2)
    with installation.store.read() as uow:
        kept = [uow.events.get(installation.org.id, *read_event(one)) for one in data["ids"]]
    assert [(one.source, one.type, one.payload) for one in kept] == [
        ("sdk.event", "user.signup", SIGNUP["payload"]),
        ("sdk.event", "user.signup", SIGNUP["payload"]),
    ]


def test_an_event_sent_again_under_its_key_counts_once(api, other_api):
    """Within one organisation; the answer has the first one's id."""
    keyed = {**SIGNUP, "idempotencyKey": "s-1"}
    first = api.post("/v1/ingest", {"events": [keyed]}).body["data"]
    again = api.post("/v1/ingest", {"events": [keyed, keyed]}).body["data"]
    assert (again["accepted"], again["duplicates"]) == (0, 2)
    assert again["ids"] == first["ids"] * 2
    assert other_api.post("/v1/ingest", {"events": [keyed]}).body["data"]["accepted"] == 1


WRONG = [
    ({"events": [SIGNUP, {"payload": {}}]}, "events[1].type"),
    ({"events": [SIGNUP, SIGNUP, {"type": "x"}]}, "events[2].payload"),
    ({"events": [SIGNUP, "x"]}, "events[1]"),
    ({"events": [{**SIGNUP, "timestamp": "yesterday"}]}, "events[0].timestamp"),
    ({"events": [{**SIGNUP, "idempotency_key": "x"}]}, "idempotencyKey"),
    ({"events": []}, "events"),
    ({"events": [SIGNUP] * 501}, "500"),
    ({"events": {}}, "events"),
    ({"events": [SIGNUP], "more": 1}, '"events"'),
    ({}, '"events"'),
    ([], '"events"'),
]


def test_one_invalid_event_refuses_the_request_by_its_index(api, installation):
    """400, and none of them is kept."""
    for body, said in WRONG:
        answer = api.post("/v1/ingest", body)
        assert answer.status == 400
        assert said in answer.body["error"]["message"]
    with installation.store.read() as uow:
        assert uow.events.between(installation.org.id, 0, 0, 1 << 62, 10) == []


def test_a_key_that_may_not_ingest_is_forbidden(scoped):
    """403 in this surface's envelope."""
    answer = scoped("entities:write").post("/v1/ingest", {"events": [SIGNUP]})
    assert answer.status == 403
    assert "ingest:write" in answer.body["error"]["message"]
