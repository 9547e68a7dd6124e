"""Deliveries at the door: proven, kept before they are answered, each once."""

import base64
import hashlib
import hmac
import json
import threading
import time

import pytest
import sqlalchemy as sa
from tests.runtime.runs.webhooks.conftest import KEY, proof

from levada_runtime.foundation.config import WebhookSettings
from levada_runtime.runs.doors import TurnedAway
from levada_runtime.runs.webhooks import Accepted, Challenge
from levada_runtime.store.engine import is_writing
from levada_runtime.store.receipts import Receipts


def test_a_delivery_is_kept_before_it_is_answered_and_becomes_a_document(bench):
    """The receipt, its run and its work are there; then the document, which says where it came from."""
    receipt_id = bench.push({"id": 1, "name": "Ada"})
    assert [bench.count(table) for table in ("receipts", "runs", "work", "documents")] == [1, 1, 1, 0]
    assert (bench.receipt(receipt_id)["state"], bench.run_of(receipt_id)["state"]) == ("received", "queued")
    bench.work_off()
    receipt, run = bench.receipt(receipt_id), bench.run_of(receipt_id)
    assert (receipt["state"], receipt["reason"], run["state"], run["mode"]) == (
        "processed",
        None,
        "succeeded",
        "webhook",
    )
    assert receipt["processed_at"] >= receipt["received_at"]
    assert run["receipt"] == receipt_id
    document = bench.documents()["1"]
    assert document["payload"]["name"] == "Ada"
    assert (document["provenance"]["receipt"], document["provenance"]["mode"]) == (receipt_id, "webhook")


@pytest.mark.parametrize("name", ["X-Proof", "X-Other"])
def test_what_proves_nothing_leaves_nothing(bench, name):
    """Neither a receipt nor a run, whatever else it says."""
    with pytest.raises(TurnedAway) as refused:
        bench.send({"id": 1, "name": "Eve"}, headers={name: proof(b"another body")}, signed=False)
    assert refused.value.status == 401
    assert refused.value.code == ("signature_mismatch" if name == "X-Proof" else "signature_missing")
    assert [bench.count(table) for table in ("receipts", "runs", "work")] == [0, 0, 0]


def test_all_that_wait_are_kept_with_one_commit(bench):
    """What arrives while a commit goes on is taken along by the next."""
    commits = []
    sa.event.listen(bench.store.engine, "commit", lambda one: commits.append(one) if is_writing(one) else None)
    bench.push({"id": 0, "name": "first"})
    bench.door()
    with bench.store.write() as uow:
        uow.lock("receipts/signed", bench.org.id, bench.connection.id)
        commits.clear()
        waiting = [bench.send({"id": number, "name": "N"}) for number in range(150)]
        time.sleep(0.05)
        assert not any(answer.done() for answer in waiting)
    ids = [answer.result(20).receipt_id for answer in waiting]
    assert len(set(ids)) == 150
    assert len(commits) <= 4  # that of this test, of the one that was under way, and of the rest
    runs = [row["run"] for row in reversed(bench.installation.receipts.receipts(bench.org, limit=200).items)]
    with bench.store.read() as uow:
        line = uow.work.unfinished_of(bench.org.id, bench.connection.id, "webhook:signed")
    assert [row.payload["run"] for row in line[1:]] == [bench.receipt(one)["run"] for one in ids]
    assert len(runs) == 151


def test_the_same_delivery_twice_is_one_receipt(bench):
    """By the id that its source gave it, whatever the second body says, in one commit or in two."""
    with bench.store.write() as uow:
        uow.lock("receipts/signed", bench.org.id, bench.connection.id)
        both = [bench.send({"id": n, "name": "A"}, headers={"X-Delivery": "d-1"}) for n in (1, 1, 2)]
    answers = [answer.result(10) for answer in both]
    assert [answer.duplicate for answer in answers] == [False, True, True]
    bench.work_off()
    again = bench.send({"id": 3, "name": "B"}, headers={"X-Delivery": "d-1"}).result(10)
    assert again == Accepted(bench.org.id, answers[0].receipt_id, duplicate=True)
    assert [bench.count(table) for table in ("receipts", "runs", "versions")] == [1, 1, 1]
    assert bench.receipt(again.receipt_id)["delivery_id"] == "d-1"


def test_without_an_id_the_same_body_is_the_same_delivery_for_a_day(bench, clock):
    """Then it is a new one."""
    intake = bench.installation.intake
    intake._clock = clock
    first = bench.push({"id": 1, "name": "A"}, "open")
    assert bench.push({"id": 2, "name": "A"}, "open") != first
    clock.pass_time(hours=23, minutes=59)
    assert bench.push({"id": 1, "name": "A"}, "open") == first
    clock.pass_time(minutes=1)
    second = bench.push({"id": 1, "name": "A"}, "open")
    assert second != first
    clock.pass_time(hours=23)
    assert bench.push({"id": 1, "name": "A"}, "open") == second


def test_a_stream_may_say_that_no_two_deliveries_are_the_same(bench):
    """Each is a receipt; the document is one all the same."""
    assert bench.push({"id": 1, "name": "A"}, "every") != bench.push({"id": 1, "name": "A"}, "every")
    bench.work_off("every")
    assert [bench.count(table) for table in ("receipts", "versions")] == [2, 1]


def test_a_delivery_of_one_stream_is_none_of_another(bench):
    """Sources push one event to two addresses."""
    assert bench.push({"id": 1, "name": "A"}, "open") != bench.push({"id": 1, "name": "A"}, "signed")


def test_deliveries_are_known_by_the_id_of_their_scheme(bench):
    """GitHub's header, Stripe's event, the standard's message."""
    now = int(time.time())

    def signed(stream, body, message):
        stamped = f"{now}.".encode() + body
        if stream == "github":
            return {"X-Hub-Signature-256": f"sha256={proof(body)}", "X-GitHub-Delivery": message}
        if stream == "stripe":
            return {"Stripe-Signature": f"t={now},v1={proof(stamped)}"}
        digest = hmac.new(base64.b64decode(KEY), message.encode() + b"." + stamped, hashlib.sha256).digest()
        proved = {"webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}
        return {"webhook-id": message, "webhook-timestamp": str(now), **proved}

    for stream in ("github", "stripe", "standard"):
        ids = []
        for message, attempt in (("m-1", 1), ("m-1", 2), ("m-2", 1)):
            body = json.dumps({"id": message, "attempt": attempt}).encode()
            ids.append(bench.push(raw=body, stream=stream, headers=signed(stream, body, message)))
        assert ids[0] == ids[1] != ids[2], stream
        assert bench.receipt(ids[2])["delivery_id"] == "m-2"


@pytest.mark.parametrize("settings", [WebhookSettings(max_waiting=2)])
def test_beyond_the_depth_the_source_is_asked_for_patience(bench):
    """One that was taken before is no new one, and what was carried out makes room."""
    for number in (1, 2):
        bench.push({"id": number, "name": "A"})
    with pytest.raises(TurnedAway) as refused:
        bench.push({"id": 3, "name": "A"})
    assert (refused.value.status, refused.value.code) == (429, "too_many_waiting")
    assert refused.value.retry_after > 0
    bench.push({"id": 2, "name": "A"})
    bench.push({"id": 3, "name": "A"}, "open")
    assert bench.work()
    bench.push({"id": 3, "name": "A"})
    assert bench.count("receipts") == 4


def test_one_that_the_store_cannot_keep_spoils_no_other(bench, monkeypatch):
    """It is answered that it should come again; the rest of its batch is kept."""
    enter = Receipts.enter

    def failing(self, entries):
        if any(body == b'"poison"' for _, body, _, _ in entries):
            raise RuntimeError("the disk is on fire")
        enter(self, entries)

    monkeypatch.setattr(Receipts, "enter", failing)
    with bench.store.write() as uow:
        uow.lock("receipts/open", bench.org.id, bench.connection.id)
        sent = [bench.send(value, "open") for value in ("one", "poison", "two")]
    assert sent[0].result(10)
    assert sent[2].result(10)
    with pytest.raises(TurnedAway) as refused:
        sent[1].result(10)
    assert (refused.value.status, refused.value.code) == (503, "store_unavailable")
    assert bench.count("receipts") == 2


def test_a_handshake_is_answered_and_leaves_nothing(bench):
    """Slack's is signed like any other delivery; Meta's shows a word that the operator chose."""
    intake = bench.installation.intake
    assert bench.send({"type": "url_verification", "challenge": "c-1"}, "slack") == Challenge("c-1")
    with pytest.raises(TurnedAway):
        bench.send({"type": "url_verification", "challenge": "c-1"}, "slack", signed=False)
    asked = {"hub.mode": "subscribe", "hub.challenge": "77", "hub.verify_token": "or me"}
    assert intake.challenge(bench.door("meta"), asked) == Challenge("77")
    for wrong in ({"hub.verify_token": "or"}, {"hub.challenge": "<script>"}, {"hub.mode": "no"}, {"hub.challenge": ""}):
        with pytest.raises(TurnedAway) as refused:
            intake.challenge(bench.door("meta"), asked | wrong)
        assert refused.value.status == 401
    with pytest.raises(TurnedAway) as refused:
        intake.challenge(bench.door("signed"), asked)
    assert refused.value.status == 405
    assert bench.count("receipts") == 0


def test_a_connection_is_addressed_by_its_id_or_by_a_name_that_only_it_has(bench):
    """A name that two organisations use is ambiguous; what is gone is not there."""
    doors = bench.installation.intake.doors
    assert doors.find(bench.connection.uid, "signed") == doors.find("pushed", "signed")
    other = bench.add("pushed", bench.installation.orgs.create("other"))
    doors._remembered.clear()
    with pytest.raises(TurnedAway) as refused:
        doors.find("pushed", "signed")
    assert (refused.value.status, refused.value.code) == (404, "ambiguous_connection")
    assert doors.find(other.uid, "signed").connection == other
    bench.installation.connections.remove(other)
    doors._remembered.clear()
    assert doors.find("pushed", "signed").connection.id == bench.connection.id
    for reference, stream in ((other.uid, "signed"), ("pushed", "nothing"), ("nobody", "signed")):
        with pytest.raises(TurnedAway) as refused:
            doors.find(reference, stream)
        assert (refused.value.status, refused.value.code) == (404, "not_found")


def test_a_changed_secret_counts_within_two_seconds(bench):
    """A door is remembered no longer; what is not there is remembered, too."""
    doors = bench.installation.intake.doors
    bench.push({"id": 1, "name": "A"})
    assert doors.remembered("pushed", "signed") is not None
    with pytest.raises(TurnedAway):
        doors.find("nobody", "signed")
    with pytest.raises(TurnedAway):
        doors.remembered("nobody", "signed")
    _, manifest = bench.installation.catalog.ready("pushed")
    bench.installation.connections.set(bench.connection, manifest, settings={}, secrets={"key": "another"})
    deadline = time.monotonic() + 2.5
    while doors.remembered("pushed", "signed") is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    with pytest.raises(TurnedAway, match="prove"):
        bench.send({"id": 2, "name": "A"})


@pytest.mark.databases("sqlite")
def test_what_waits_when_the_intake_is_closed_is_kept(bench):
    """Nobody who waits for an answer is left without one."""
    with bench.store.write():
        sent = [bench.send({"id": number, "name": "A"}) for number in range(20)]
        closing = threading.Thread(target=bench.installation.intake.close)
        closing.start()
    closing.join(10)
    assert len({answer.result(0).receipt_id for answer in sent}) == 20
