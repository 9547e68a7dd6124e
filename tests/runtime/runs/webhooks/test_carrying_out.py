"""What becomes of a receipt: its run, its document, its end."""

import base64
import json

import pytest
from tests.runtime.runs.webhooks.conftest import CONNECTOR

from levada_runtime.foundation.errors import NotFoundFailure, UsageFailure
from levada_runtime.runs.doors import TurnedAway


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


def test_deliveries_of_one_connection_share_a_child_until_something_changes(bench, sandbox):
    """Code, settings and secrets are part of its name, so what it computed from them is never stale."""
    outcomes, _calls = _heard(bench, sandbox)
    for number in range(3):
        bench.push({"id": number, "name": "A"})
    bench.work_off()
    assert [outcome.served_before for outcome in outcomes] == [0, 1, 2]
    module = bench.package / "__init__.py"
    module.write_text(CONNECTOR + "\n# changed\n")
    bench.installation.catalog.refresh()
    bench.push({"id": 4, "name": "A"})
    bench.work_off()
    assert outcomes[-1].served_before == 0


def test_a_route_may_ask_for_less_time_and_never_for_more(bench, sandbox):
    """Operators raise or lower limits; a manifest only asks."""
    _outcomes, calls = _heard(bench, sandbox)
    unverified = 'webhook("open", verify=unverified(reason="A test of it.")'
    for asked in (3, 99):
        (bench.package / "__init__.py").write_text(CONNECTOR.replace(unverified, f"{unverified}, timeout={asked}"))
        bench.installation.catalog.refresh()
        bench.push({"id": asked, "name": "A"}, "open")
        bench.work_off("open")
    assert [call.limits.wall_s for call in calls if call.action == "webhook"] == [3, 10]
    assert {call.limits.cpu_s for call in calls if call.action == "webhook"} == {5}


def _heard(bench, sandbox):
    """What the real sandbox is asked and answers from now on."""
    outcomes, calls = [], []

    class Listening:
        level = sandbox.level

        def call(self, call, handlers=None):
            calls.append(call)
            outcomes.append(sandbox.call(call, handlers))
            return outcomes[-1]

    bench.installation.sandbox = Listening()
    return outcomes, calls
