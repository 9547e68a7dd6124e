"""A webhook's route behind the wall: what it is given, what it may reply, and what it never sees."""

import json

import pytest

from levada_runtime.sandbox.model import Delivery
from levada_runtime.sandbox.protocol import REPLY_BYTES

PAYMENT = Delivery(b'{"id": 7, "to": "Ada"}', {"x-kind": "settled"}, {"q": "1"}, "evt_1")


def test_a_route_is_given_the_delivery(wall, told):
    """Its body as bytes and as JSON, its headers in any case, its parameters and its id."""
    outcome = wall.webhook(
        """
        log.info("got", raw=request.body.decode(), kind=request.headers["X-Kind"], q=request.params["q"])
        log.info(request.delivery_id)
        ingest.canonical("customer", {"customer_id": str(request.json["id"]), "name": request.json["to"]},
                         idempotency_key="c")
        """,
        PAYMENT,
        handlers=told,
    )
    assert outcome.succeeded, outcome
    assert told.lines[0][2] == {"raw": PAYMENT.body.decode(), "kind": "settled", "q": "1"}
    assert told.messages[1] == "evt_1"
    assert json.loads(told.records[0].payload) == {"customer_id": "7", "name": "Ada"}
    assert outcome.result is None


def test_a_large_body_arrives_whole(wall, told):
    """Ten megabytes are one frame."""
    body = b"x" * (10 << 20)
    outcome = wall.webhook("log.info(str(len(request.body)))", Delivery(body, {}, {}), handlers=told)
    assert (outcome.reason, told.messages) == (None, [str(10 << 20)])


def test_a_reply_comes_back_as_json(wall):
    """The status and whatever JSON can carry."""
    outcome = wall.webhook("return Reply(201, {'id': request.delivery_id, 'n': [1]})", PAYMENT, reply=True)
    assert outcome.succeeded, outcome
    assert json.loads(outcome.result) == {"status": 201, "json": {"id": "evt_1", "n": [1]}}
    assert wall.webhook("return None", PAYMENT, reply=True).result is None


@pytest.mark.parametrize(
    ("body", "reply", "code"),
    [
        ("return Reply(200)", False, "connector_mistake"),
        ("return Reply(99)", True, "connector_mistake"),
        (f"return Reply(200, 'x' * {REPLY_BYTES})", True, "connector_mistake"),
        ("return Reply(200, {1, 2})", True, "not_json"),
        ("request.body = b''", False, None),
        ("_ = request.json['no']", False, "connector_error"),
    ],
)
def test_a_route_that_is_wrong_fails_as_itself(wall, body, reply, code):
    """A mistake is told to its author, and never answered."""
    outcome = wall.webhook(body, PAYMENT, reply=reply)
    assert outcome.reason in ("connector_error", "policy")
    assert outcome.result is None
    assert code in (None, outcome.code)


def test_a_body_that_is_not_json_is_not_retried(wall):
    """Sent again unchanged it fails again."""
    outcome = wall.webhook("_ = request.json", Delivery(b"{", {}, {}))
    assert (outcome.reason, outcome.code, outcome.retryable) == ("connector_error", "bad_record", False)


def test_a_secret_that_is_not_exposed_stays_outside(wall):
    """The signature was verified by the host; the route has no use for what it was verified with."""
    outcome = wall.webhook("_ = secrets['key']", PAYMENT)
    assert outcome.code == "secret_not_exposed"
