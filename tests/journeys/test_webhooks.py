"""Webhooks pushed to a real daemon: taken once, whatever dies between the answer and the document."""

import os
import signal
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime

import pytest

from levada_acme.sample import SampleSource
from levada_acme.sample.push import payment_event, push
from levada_acme.sample.rows import payment

pytestmark = pytest.mark.journey

INVOICE = {
    "id": 50001,
    "number": "INV-50001",
    "customer": {"id": 1001, "name": "Ada Abbott"},
    "currency": "EUR",
    "lines": [{"amount": "12.50"}],
}
OF_DOCUMENTS = "SELECT count(*) FROM events WHERE document_id IS NOT NULL"


@pytest.fixture
def source():
    with SampleSource(seed=5, customers=5, invoices=5, faults=False) as acme:
        yield acme


@pytest.fixture
def site(new_site, source):
    """An installation whose connection knows what Acme signs with."""
    site = new_site("data")
    site.env["ACME_SIGNING"] = source.signing_secret
    site.runtime("connections", "set", "acme", "--secret", "signing_secret=env:ACME_SIGNING")
    return site


def hook(daemon, connection="acme"):
    return f"{daemon.url}/hooks/{connection}/events"


def event(number, state="settled", at="2026-03-01T00:00:00.000Z"):
    row = {**payment(number, INVOICE, datetime.fromisoformat(at), nonce="n-7"), "state": state}
    return {**payment_event(row), "at": at}


def settled(site, count):
    """Tell whether so many receipts have been carried out, and none is left."""
    return site.rows("SELECT state, count(*) FROM receipts GROUP BY state") == [("processed", count)]


def deliveries(site):
    return [delivery for (delivery,) in site.rows("SELECT delivery_id FROM receipts")]


def payments(site):
    query = "SELECT idempotency_key, versions FROM documents WHERE document_type = 'payment' ORDER BY 1"
    return site.rows(query)


def test_a_signed_webhook_becomes_a_document_and_an_unsigned_one_leaves_nothing(site, source, wait_until):
    """The document names its receipt; the same delivery twice changes nothing; a replay neither."""
    daemon = site.serve()
    status, number = source.settle(hook(daemon))
    assert status == 202
    wait_until(lambda: settled(site, 1), "the receipt is carried out")

    for secret in ("", "another secret"):
        assert push(hook(daemon), event(1), secret) == 401
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(hook(daemon), b"{}"), timeout=10)
    assert refused.value.code == 401
    refused.value.close()
    assert push(hook(daemon, "nobody"), event(1), source.signing_secret) == 404

    (document,) = site.json("documents", "list", "--type", "payment")["items"]
    (receipt,) = site.json("receipts", "list")["items"]
    assert document["idempotency_key"] == f"acme:payment:{number}"
    assert document["provenance"]["receipt"] == receipt["id"]
    assert receipt["delivery_id"] == f"evt_{number}_settled"
    shown = site.runtime("receipts", "show", receipt["id"], "--json").out
    assert "•••" in shown
    assert source.signing_secret not in shown

    for _ in range(2):
        assert push(hook(daemon), event(90002), source.signing_secret) == 202
    wait_until(lambda: settled(site, 2), "the second receipt is carried out")
    before = site.rows("SELECT count(*) FROM versions"), site.rows(OF_DOCUMENTS)
    site.runtime("receipts", "replay", receipt["id"])
    wait_until(lambda: settled(site, 2), "the replay is carried out")
    assert site.json("runs", "list")["items"][0]["counts"]["unchanged"] == 1
    assert (site.rows("SELECT count(*) FROM versions"), site.rows(OF_DOCUMENTS)) == before
    assert daemon.stop() == 128 + signal.SIGTERM
    for path in site.data_dir.iterdir():
        assert source.signing_secret.encode() not in path.read_bytes(), path.name


@pytest.mark.databases("sqlite")
def test_a_word_that_comes_late_does_not_undo_a_newer_one(site, source, wait_until):
    """Sources push in any order; what stands is what was said last at the source."""
    daemon = site.serve()
    returned = event(7, "returned", "2026-03-05T00:00:00.000Z")
    for each in (returned, event(7)):
        assert push(hook(daemon), each, source.signing_secret) == 202
    wait_until(lambda: settled(site, 2), "both are carried out")
    (document,) = site.json("documents", "list", "--type", "payment")["items"]
    assert document["payload"]["status"] == "returned"
    daemon.stop()


@pytest.mark.databases("sqlite")
def test_receipts_of_a_paused_connection_wait_for_it(site, source, wait_until):
    """A source that pushes is not turned away for what an operator does."""
    site.runtime("connections", "pause", "acme")
    daemon = site.serve()
    assert push(hook(daemon), event(7), source.signing_secret) == 202
    wait_until(lambda: site.rows("SELECT 1 FROM work WHERE fence > 0"), "a worker has looked at it")
    assert site.rows("SELECT state FROM receipts") == [("received",)]
    site.runtime("connections", "resume", "acme")
    wait_until(lambda: settled(site, 1), "it is carried out")
    assert site.rows("SELECT attempt FROM runs") == [(1,)]
    daemon.stop()


def test_what_was_answered_before_the_daemon_was_killed_is_carried_out_once(site, source, wait_until, capsys):
    """kill -9 between the receipts and their runs: every 202 is a document after the restart, and one only."""
    daemon = site.serve("--workers", "1")
    numbers = range(1, 61)
    assert push(hook(daemon), event(1), source.signing_secret) == 202
    wait_until(lambda: settled(site, 1), "the worker is at it")
    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(lambda n: push(hook(daemon), event(n), source.signing_secret), numbers))
    os.kill(daemon.process.pid, signal.SIGKILL)
    daemon.stop()
    assert set(answers) == {202}
    left = dict(site.rows("SELECT state, count(*) FROM receipts GROUP BY state"))
    assert sum(left.values()) == len(numbers)
    assert left["received"] > 0, "the daemon was killed too late to prove anything"
    with capsys.disabled():
        print(f"\n  kill -9 of the daemon left {left['received']} of {len(numbers)} receipts to be carried out", end="")

    daemon = site.serve("--workers", "2")
    assert push(hook(daemon), event(1), source.signing_secret) == 202
    wait_until(lambda: settled(site, len(numbers)), "all are carried out", 120)
    assert payments(site) == sorted((f"acme:payment:{number}", 1) for number in numbers)
    assert site.rows(f"{OF_DOCUMENTS} AND type = 'payment'") == [(len(numbers),)]
    daemon.stop()


@pytest.mark.databases("sqlite")
def test_every_202_of_a_daemon_that_is_killed_under_load_is_found(site, source, wait_until, capsys):
    """Eight sources push while kill -9 comes; whatever was answered is there at once, and is carried out once."""
    daemon = site.serve("--workers", "1")
    answered = []

    def push_on(first):
        for number in range(first, first + 1000, 8):
            try:
                status = push(hook(daemon), event(number), source.signing_secret)
            except OSError:
                return
            if status == 202:
                answered.append(f"evt_{number}_settled")

    with ThreadPoolExecutor(8) as many:
        pushing = [many.submit(push_on, first) for first in range(1, 9)]
        wait_until(lambda: len(answered) >= 60, "it is under load")
        os.kill(daemon.process.pid, signal.SIGKILL)
        for one in pushing:
            one.result(30)
    daemon.stop()
    found = deliveries(site)
    assert set(answered) <= set(found)
    assert len(found) < 1000
    with capsys.disabled():
        print(f"\n  kill -9 after {len(answered)} answers; {len(found)} receipts were there", end="")
    daemon = site.serve("--workers", "2")
    wait_until(
        lambda: [state for (state,) in site.rows("SELECT DISTINCT state FROM receipts")] == ["processed"], "all", 120
    )
    # What was on the disk in the moment of the kill, and answered to nobody, SQLite may find when it is opened anew.
    kept = deliveries(site)
    assert set(answered) <= set(kept)
    assert len(kept) == len(set(kept)) < 1000
    numbers = [delivery.split("_")[1] for delivery in kept]
    assert payments(site) == sorted((f"acme:payment:{number}", 1) for number in numbers)
    daemon.stop()


def test_a_worker_that_is_killed_at_a_webhook_costs_an_attempt_and_nothing_else(site, source, wait_until, capsys):
    """The run is taken up again, and the document is one."""
    daemon = site.serve("--workers", "1")
    numbers = range(1, 41)
    for number in numbers:
        assert push(hook(daemon), event(number), source.signing_secret) == 202
    killed = 0
    while killed < 20 and not site.rows("SELECT 1 FROM runs WHERE attempt > 1"):
        (worker,) = wait_until(daemon.workers, "a worker")
        ((run,),) = wait_until(lambda: site.rows("SELECT id FROM runs WHERE state = 'running'"), "a run under way")
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
        killed += 1
        moved = f"SELECT 1 FROM runs WHERE id = '{run}' AND (attempt > 1 OR state <> 'running')"
        wait_until(lambda query=moved: site.rows(query), "the run ended before, or is taken up again")
    wait_until(lambda: settled(site, len(numbers)), "all are carried out", 120)
    again = site.rows("SELECT count(*) FROM runs WHERE attempt > 1")
    assert again != [(0,)], f"none of {killed} kills landed in a run"
    with capsys.disabled():
        print(f"\n  kills of a worker: {killed}; runs taken up again: {again[0][0]}", end="")
    assert payments(site) == sorted((f"acme:payment:{number}", 1) for number in numbers)
    assert site.rows("SELECT count(*) FROM versions") == [(len(numbers),)]
    daemon.stop()
