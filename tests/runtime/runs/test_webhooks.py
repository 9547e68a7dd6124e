"""Webhooks from the door to the document: accepted once, kept before it is answered, carried out in order."""

import base64
import hashlib
import hmac
import json
import sys
import threading
import time

import pytest
import sqlalchemy as sa

from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings, WebhookSettings
from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.runs.doors import TurnedAway
from levada_runtime.runs.webhooks import Accepted, Challenge
from levada_runtime.sandbox.host import Sandbox
from levada_runtime.store.receipts import Receipts

CONNECTOR = '''
"""Takes what is pushed, and does what it says."""
from datetime import datetime

from levada import (AuthFailed, BadRecord, Connector, Reply, SourceUnavailable, github_signature, hmac_sha256, secret,
    standard_webhooks, stripe_signature, unverified)

connector = Connector("pushed", settings=[secret("key", required=False), secret("token", required=False)])


def take(request, ingest, checkpoint, log):
    said = request.json
    match said.get("do"):
        case "raise":
            raise ValueError("no")
        case "bad":
            raise BadRecord("not so")
        case "unavailable":
            raise SourceUnavailable("later", wait=60)
        case "auth":
            raise AuthFailed("who?")
        case "save":
            checkpoint.save(seen=said["id"])
        case "tell":
            log.info(" ".join(sorted(request.headers)), delivery=request.delivery_id, q=request.params.get("q"))
    taken = {"customer_id": str(said["id"]), "name": said["name"]}
    if said.get("wrong"):
        taken["currency"] = "EURO"
    ingest.batch("customer", [taken], idempotency_key=lambda c: c["customer_id"], continue_on_error=True)


@connector.webhook("signed", verify=hmac_sha256("X-Proof", secret="key"), delivery_id="X-Delivery")
def signed(request, ingest, checkpoint, log):
    """Signed deliveries."""
    take(request, ingest, checkpoint, log)


@connector.webhook("open", verify=unverified(reason="A test of it."))
def opened(request, ingest, checkpoint, log):
    """Deliveries without an id."""
    take(request, ingest, checkpoint, log)


@connector.webhook("every", verify=unverified(reason="A test of it."), dedupe=False)
def every(request, ingest, checkpoint, log):
    """Deliveries that are never the same."""
    take(request, ingest, checkpoint, log)


@connector.webhook("asked", verify=unverified(reason="A test of it."), reply=True)
def asked(request):
    """Answers."""
    return Reply(201, {"got": request.json})


@connector.webhook("github", verify=github_signature("key"))
def github(request, ingest, checkpoint, log):
    """As GitHub sends."""


@connector.webhook("stripe", verify=stripe_signature("key"))
def stripe(request, ingest, checkpoint, log):
    """As Stripe sends."""


@connector.webhook("standard", verify=standard_webhooks("key"))
def standard(request, ingest, checkpoint, log):
    """As the standard says."""


@connector.webhook("slack", verify=hmac_sha256("X-Proof", secret="key", handshake="url_verification"))
def slack(request, ingest, checkpoint, log):
    """Asks first."""


@connector.webhook("meta", verify=hmac_sha256("X-Proof", secret="key", handshake="hub.challenge",
    handshake_secret="token"))
def meta(request, ingest, checkpoint, log):
    """Asks first, too."""
'''
KEY = base64.b64encode(b"the key of these tests, and long").decode()


class Bench:
    """An installation with one connection whose streams are pushed to."""

    def __init__(self, installation, package):
        self.installation = installation
        self.package = package
        self.org = installation.org
        self.store = installation.store
        self.connection = self.add("pushed")

    def add(self, name, org=None):
        _, manifest = self.installation.catalog.ready("pushed")
        secrets = {"key": KEY, "token": "let me in\nor me"}
        return self.installation.connections.add(org or self.org, manifest, name=name, settings={}, secrets=secrets)

    def door(self, stream="signed", name="pushed"):
        return self.installation.intake.doors.find(name, stream)

    def send(self, value=None, stream="signed", *, raw=None, headers=None, params=None, signed=True):
        body = json.dumps(value).encode() if raw is None else raw
        given = {"x-proof": proof(body)} if signed else {}
        return self.installation.intake.receive(self.door(stream), given | (headers or {}), params or {}, body)

    def push(self, value=None, stream="signed", **how):
        """Push a delivery and return the id of its receipt once it is kept."""
        return self.send(value, stream, **how).result(10).receipt_id

    def work(self, stream="signed"):
        """Carry out the head of a stream's line, due or not; False when there is none."""
        work = self.installation.work
        token = work.claim_next(self.org.id, self.connection.id, f"webhook:{stream}")
        if token is not None:
            self.installation.runs.execute(token)
        return token is not None

    def work_off(self, stream="signed"):
        while self.work(stream):
            pass

    def receipt(self, receipt_id):
        return self.installation.receipts.receipt(self.org, receipt_id)

    def run_of(self, receipt_id):
        return self.installation.run_library.run(self.org, self.receipt(receipt_id)["run"])

    def documents(self):
        found = self.installation.library.documents(self.org, limit=1000).items
        return {one["idempotency_key"]: one for one in found}

    def count(self, table):
        with self.store.engine.connect() as opened:
            return opened.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()

    def set_state(self, state):
        self.installation.connections.set_state(self.connection, state)


def proof(body):
    return hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()


@pytest.fixture
def settings():
    """What webhooks may be."""
    return WebhookSettings()


@pytest.fixture(scope="module")
def sandbox():
    """One for all of these tests: starting another each time would take longer than what they do."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def bench(tmp_path, monkeypatch, new_database, settings, sandbox):
    package = tmp_path / "packages" / "pushed"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(CONNECTOR)
    info = tmp_path / "packages" / "pushed-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pushed\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[levada.connectors]\npushed = pushed:connector\n")
    monkeypatch.setattr(sys, "path", [str(package.parent), *sys.path])
    url = new_database()
    with Installation(Settings(data_dir=tmp_path, database_url=url, webhooks=settings)) as installation:
        installation.sandbox = sandbox
        installation.catalog.refresh()
        yield Bench(installation, package)


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
    sa.event.listen(bench.store.engine, "commit", commits.append)
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


@pytest.mark.parametrize("state", ["paused", "needs_attention"])
def test_receipts_of_a_connection_that_is_not_active_wait(bench, state):
    """They are taken, and carried out once it is active again; no attempt is used up by waiting."""
    bench.set_state(state)
    receipt_id = bench.push({"id": 1, "name": "A"})
    for _ in range(5):
        assert bench.work()
    assert (bench.receipt(receipt_id)["state"], bench.run_of(receipt_id)["attempt"]) == ("received", 0)
    bench.set_state("active")
    assert bench.work()
    assert (bench.receipt(receipt_id)["state"], bench.run_of(receipt_id)["attempt"]) == ("processed", 1)


def test_receipts_wait_for_a_connector_that_is_broken(bench):
    """A bad upgrade loses nothing: what was accepted is carried out by the version that can; nothing new is taken."""
    receipt_id = bench.push({"id": 1, "name": "A"})
    module = bench.package / "__init__.py"
    module.write_text("def\n")
    bench.installation.catalog.refresh()
    for _ in range(4):
        assert bench.work()
    assert (bench.receipt(receipt_id)["state"], bench.run_of(receipt_id)["state"]) == ("received", "queued")
    bench.installation.intake.doors._remembered.clear()
    with pytest.raises(TurnedAway) as refused:
        bench.door()
    assert (refused.value.status, refused.value.code) == (503, "connector_broken")
    module.write_text(CONNECTOR)
    bench.installation.catalog.refresh()
    assert bench.work()
    assert (bench.receipt(receipt_id)["state"], bench.run_of(receipt_id)["attempt"]) == ("processed", 1)


def test_the_receipts_of_a_removed_connection_are_dead(bench):
    """There is nobody left to carry them out, and the list says so."""
    receipt_id = bench.push({"id": 1, "name": "A"})
    bench.installation.connections.remove(bench.connection)
    assert bench.work()
    assert (bench.receipt(receipt_id)["state"], bench.receipt(receipt_id)["reason"]) == ("dead", "cancelled")
    with pytest.raises(UsageFailure, match="removed"):
        bench.installation.receipts.replay(bench.org, receipt_id)


@pytest.mark.parametrize(
    ("do", "attempts", "reason"),
    [("raise", 2, "connector_error"), ("bad", 1, "connector_error"), ("unavailable", 3, "source_unavailable"),
     ("auth", 1, "auth")],
)  # fmt: skip
def test_a_receipt_that_exhausts_its_retries_is_dead_and_the_stream_goes_on(bench, do, attempts, reason):
    """Its reason is kept; it stays in front of the next only while it is retried."""
    dead = bench.push({"id": 1, "name": "A", "do": do})
    following = bench.push({"id": 2, "name": "B"})
    for attempt in range(1, attempts + 1):
        assert bench.receipt(dead)["state"] == "received"
        assert bench.work()
        assert bench.run_of(dead)["attempt"] == attempt
    receipt = bench.receipt(dead)
    assert (receipt["state"], receipt["reason"], bench.run_of(dead)["state"]) == ("dead", reason, "failed")
    assert bench.receipt(following)["state"] == "received"
    bench.set_state("active")
    bench.work_off()
    assert bench.receipt(following)["state"] == "processed"
    listed = bench.installation.receipts.receipts(bench.org, state="dead", limit=10).items
    assert [one["id"] for one in listed] == [dead]


def test_a_refused_key_makes_the_connection_need_attention(bench):
    """And what comes behind waits for somebody to look."""
    bench.push({"id": 1, "name": "A", "do": "auth"})
    following = bench.push({"id": 2, "name": "B"})
    bench.work()
    assert bench.installation.connections.get(bench.org, "pushed").state == "needs_attention"
    bench.work()
    assert bench.receipt(following)["state"] == "received"


def test_quarantined_records_are_no_reason_to_die(bench):
    """The receipt was carried out, and the run is partial."""
    receipt_id = bench.push({"id": 1, "name": "A", "wrong": True})
    bench.work_off()
    assert (bench.receipt(receipt_id)["state"], bench.run_of(receipt_id)["state"]) == ("processed", "partial")
    assert bench.count("quarantine") == 1


def test_a_replay_is_another_run_of_the_same_receipt(bench):
    """It changes nothing where nothing has changed; one that waits is not doubled."""
    receipt_id = bench.push({"id": 1, "name": "A"})
    with pytest.raises(UsageFailure, match="already"):
        bench.installation.receipts.replay(bench.org, receipt_id)
    bench.work_off()
    first = bench.receipt(receipt_id)["run"]
    replayed = bench.installation.receipts.replay(bench.org, receipt_id)
    assert (replayed["state"], replayed["processed_at"]) == ("received", None)
    bench.work_off()
    assert bench.receipt(receipt_id)["state"] == "processed"
    assert bench.run_of(receipt_id)["id"] != first
    assert bench.run_of(receipt_id)["counts"]["unchanged"] == 1
    assert [bench.count(table) for table in ("receipts", "runs", "versions")] == [1, 2, 1]


def test_a_dead_receipt_lives_again_once_its_cause_is_gone(bench):
    """The connector was mended, and the receipt is replayed."""
    receipt_id = bench.push({"id": 1, "name": "A", "do": "bad"})
    bench.work_off()
    assert bench.receipt(receipt_id)["state"] == "dead"
    (bench.package / "__init__.py").write_text(CONNECTOR.replace('raise BadRecord("not so")', "pass"))
    bench.installation.catalog.refresh()
    bench.installation.receipts.replay(bench.org, receipt_id)
    bench.work_off()
    assert (bench.receipt(receipt_id)["state"], bench.receipt(receipt_id)["reason"]) == ("processed", None)
    assert "1" in bench.documents()


def test_an_observed_delivery_ends_in_a_plan(bench):
    """Its receipt is processed, nothing else is written."""
    _, manifest = bench.installation.catalog.ready("pushed")
    bench.installation.connections.set(bench.connection, manifest, settings={}, secrets={}, mode="observe")
    receipt_id = bench.push({"id": 1, "name": "A", "do": "save"})
    bench.work_off()
    run = bench.run_of(receipt_id)
    assert (bench.receipt(receipt_id)["state"], run["observing"]) == ("processed", True)
    plan = bench.installation.run_library.plan(bench.org, run["plan_id"])
    assert plan["summary"]["created"] == 1
    assert [bench.count(table) for table in ("documents", "checkpoints", "events")] == [0, 0, 0]


def test_a_webhooks_checkpoint_is_not_where_a_poll_goes_on_from(bench):
    """What a route saves on one way of a stream, it does not find on the other."""
    bench.push({"id": 7, "name": "A", "do": "save"})
    bench.work_off()
    with bench.store.read() as uow:
        where = bench.org.id, bench.connection.id
        assert uow.checkpoints.of(*where, "webhook:signed") == {"": {"seen": 7}}
        assert uow.checkpoints.of(*where, "signed") == {}


def test_the_route_gets_the_delivery_without_its_credentials(bench):
    """Headers, parameters and the id; what a source logs in with is neither stored nor handed on."""
    credentials = {"Authorization": "Bearer s3cret", "Cookie": "s=s3cret", "Proxy-Authorization": "Basic s3cret"}
    headers = {**credentials, "X-Kind": "a", "X-Delivery": "d-7", "X-Api-Key": "k3y"}
    receipt_id = bench.push({"id": 1, "name": "A", "do": "tell"}, headers=headers, params={"q": "1"})
    bench.work_off()
    (line,) = bench.installation.run_library.logs(bench.org, bench.receipt(receipt_id)["run"])
    assert line["message"] == "x-api-key x-delivery x-kind x-proof"
    assert line["fields"] == {"delivery": "d-7", "q": "1"}
    shown = bench.receipt(receipt_id)
    assert shown["headers"] == {"x-api-key": "•••", "x-proof": "•••", "x-kind": "a", "x-delivery": "d-7"}
    assert (shown["body_encoding"], json.loads(shown["body"])["do"], shown["params"]) == ("text", "tell", {"q": "1"})
    assert "s3cret" not in json.dumps(shown)


@pytest.mark.parametrize("raw", [b"\xff\x00", b"a\x1b[2Jb"])
def test_a_body_that_is_no_harmless_text_is_shown_as_base64(bench, raw):
    """A terminal is not to be told anything by a stranger."""
    shown = bench.receipt(bench.push(raw=raw, stream="open"))
    assert (shown["body_encoding"], base64.b64decode(shown["body"]), shown["bytes"]) == ("base64", raw, len(raw))


def test_a_reply_is_kept_with_its_receipt(bench):
    """Whoever waits for it finds it; before, there is none, and of a dead one there never is."""
    intake = bench.installation.intake
    accepted = bench.send({"a": [1]}, "asked").result(10)
    assert intake.reply_to(accepted) is None
    bench.work_off("asked")
    assert intake.reply_to(accepted) == {"status": 201, "json": {"got": {"a": [1]}}}
    dead = bench.send(raw=b"{", stream="asked").result(10)
    bench.work_off("asked")
    with pytest.raises(LookupError):
        intake.reply_to(dead)


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


def test_receipts_are_listed_by_what_is_asked_for(bench):
    """Newest first, page by page, and only those of one's own organisation."""
    ids = [bench.push({"id": number, "name": "A"}, stream) for number, stream in enumerate(("open", "signed", "open"))]
    library = bench.installation.receipts
    assert {one["id"] for one in library.receipts(bench.org, limit=10).items} == set(ids)
    found = library.receipts(bench.org, connection="pushed", stream="open", state="received", limit=1)
    rest = library.receipts(bench.org, stream="open", limit=1, cursor=found.cursor)
    assert [one["id"] for one in (*found.items, *rest.items)] == sorted((ids[0], ids[2]), reverse=True)
    assert rest.cursor is None
    other = bench.installation.orgs.create("other")
    assert library.receipts(other, limit=10).items == []
    for call in (library.receipt, library.replay):
        with pytest.raises(NotFoundFailure):
            call(other, ids[0])
    with pytest.raises(UsageFailure, match="no receipt is in the state"):
        library.receipts(bench.org, state="lost", limit=1)
    with pytest.raises(NotFoundFailure, match="no connection"):
        library.receipts(bench.org, connection="nobody", limit=1)


@pytest.mark.databases("sqlite")
def test_what_waits_when_the_intake_is_closed_is_kept(bench):
    """Nobody who waits for an answer is left without one."""
    with bench.store.write():
        sent = [bench.send({"id": number, "name": "A"}) for number in range(20)]
        closing = threading.Thread(target=bench.installation.intake.close)
        closing.start()
    closing.join(10)
    assert len({answer.result(0).receipt_id for answer in sent}) == 20
