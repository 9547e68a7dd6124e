"""A connection that is removed: its secrets are gone, its work ends, its documents stay. One whose connector is gone
waits for it.
"""

import json

import pytest

from levada_runtime.access.built_in import rest_connection
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.runs import stopping
from levada_runtime.runs.handlers import RunHandlers
from levada_runtime.runs.ticks import Due
from levada_runtime.store.tokens_model import TokenRow


def push(bench):
    door = bench.installation.intake.doors.find("daily", "told")
    body = json.dumps({}).encode()
    return bench.installation.intake.receive(door, {}, {}, body).result(10).receipt_id


def run(bench, run_id):
    return bench.installation.run_library.run(bench.org, run_id)


def told(bench, action):
    items, _ = bench.installation.audit.page(bench.org, action=action, limit=10)
    return [one["subject"] for one in items]


def give_secrets(bench):
    now = bench.installation.clock.now()
    token = TokenRow(bench.org.id, bench.connection.id, b"c", b"", None, 1, None, None, now)
    with bench.store.write() as uow:
        uow.secrets.keep(bench.org.id, bench.connection.id, "key", b"sealed", now)
        uow.tokens.keep(token)


def test_what_waits_for_a_removed_connection_ends_at_once(bench):
    """Polls, receipts and slices, each told as cancelled and none begun; nothing of its secrets is left."""
    give_secrets(bench)
    poll, receipt = bench.installation.queue.by_hand(bench.connection, "now"), push(bench)
    backfill = bench.begin(slice="P1D")
    assert bench.installation.removals.remove(bench.connection) == 4
    assert not bench.work_once()
    assert (run(bench, poll.id)["state"], run(bench, poll.id)["error"]["message"]) == (
        "cancelled",
        "its connection was removed",
    )
    kept = bench.installation.receipts.receipt(bench.org, receipt)
    assert (kept["state"], kept["reason"]) == ("dead", "cancelled")
    assert (bench.view(backfill)["state"], bench.unfinished(backfill)) == ("cancelled", [])
    assert (bench.count("secrets"), bench.count("oauth_tokens"), bench.count("streams")) == (0, 0, 0)
    assert bench.count("events") == 0
    assert told(bench, "connection.remove") == ["daily"]
    assert bench.installation.connections.of(bench.org) == []


def test_what_is_under_way_ends_at_its_next_question_and_its_documents_stay(bench, monkeypatch):
    """The page it was at is dropped, those before it are kept, and say where they came from."""
    monkeypatch.setattr(stopping, "_LOOK_S", 0.0)
    backfill, saved, save = bench.begin(ends="2025-01-08"), [], RunHandlers.save

    def saving(self, partition, values):
        save(self, partition, values)
        saved.append(values)
        if len(saved) == 3:
            bench.installation.removals.remove(bench.connection)

    monkeypatch.setattr(RunHandlers, "save", saving)
    (waiting,) = bench.runs(backfill)
    assert bench.work_once()
    ended = run(bench, waiting["id"])
    assert (ended["state"], ended["reason"], ended["pages"]) == ("cancelled", None, 3)
    assert sorted(bench.documents()) == ["2025-01-01", "2025-01-02", "2025-01-03"]
    (one, *_) = bench.installation.library.documents(bench.org, limit=1).items
    assert one["provenance"]["connection"].startswith("daily (removed")
    assert bench.view(backfill)["state"] == "cancelled"
    assert not bench.work_once()


def test_the_name_of_a_removed_connection_is_free_again(bench):
    """The new one has nothing of the old one's."""
    bench.fill(bench.begin(ends="2025-01-03"))
    bench.installation.removals.remove(bench.connection)
    fresh = bench.installation.connections.add(bench.org, bench.manifest, settings={}, secrets={})
    assert fresh.name == "daily"
    bench.connection = fresh
    assert bench.fill(bench.begin(ends="2025-01-03"))["counts"]["created"] == 2
    assert len(bench.documents()) == 4


def test_the_connection_that_is_built_in_cannot_be_removed(bench):
    """Documents come in by it over HTTP."""
    with bench.store.write() as uow:
        row = rest_connection(uow, bench.org.id, bench.installation.clock.now())
    with pytest.raises(UsageFailure, match="built in"):
        bench.installation.removals.remove(row)


@pytest.fixture
def package(tmp_path):
    """What uninstalls the connector and installs it again, as far as metadata can tell."""

    class Package:
        entry_points = tmp_path / "packages" / "daily-1.0.dist-info" / "entry_points.txt"
        text = entry_points.read_text()

        def uninstall(self, bench):
            self.entry_points.unlink()
            bench.installation.catalog.refresh()

        def install(self, bench):
            self.entry_points.write_text(self.text)
            bench.installation.catalog.refresh()

    return Package()


def test_the_work_of_a_connector_that_is_uninstalled_waits_until_it_is_there_again(bench, package):
    """Polls, receipts and slices; each says what it waits for, and nothing is used up by waiting."""
    poll, receipt = bench.installation.queue.by_hand(bench.connection, "now"), push(bench)
    backfill = bench.begin(ends="2025-01-03")
    package.uninstall(bench)
    while bench.work_once():
        pass
    waiting = run(bench, poll.id)
    assert (waiting["state"], waiting["attempt"], waiting["error"]["code"]) == ("queued", 0, "unknown_connector")
    assert bench.installation.receipts.receipt(bench.org, receipt)["state"] == "received"
    assert [one["state"] for one in bench.runs(backfill)] == ["queued"]
    package.install(bench)
    hasten(bench)
    while bench.work_once():
        pass
    assert (run(bench, poll.id)["state"], run(bench, poll.id)["error"]) == ("succeeded", None)
    assert bench.installation.receipts.receipt(bench.org, receipt)["state"] == "processed"
    assert bench.view(backfill)["state"] == "succeeded"


def hasten(bench):
    """Let whatever waits be due now."""
    with bench.store.engine.begin() as opened:
        opened.exec_driver_sql("UPDATE work SET not_before = queued_at WHERE state = 'queued'")


def test_a_run_by_hand_of_a_connector_that_is_uninstalled_says_so_at_once(bench, package):
    """Who stands and waits is told, and nothing is queued."""
    package.uninstall(bench)
    with pytest.raises(UsageFailure, match="no connector 'daily' is installed"):
        bench.installation.runs.poll_stream(bench.connection, "now")


def test_scheduled_moments_pass_while_a_connector_is_uninstalled_and_the_ledger_says_why(bench, package):
    """Nothing piles up meanwhile."""
    (stream,) = (one for one in bench.installation.connections.streams(bench.connection) if one.stream == "now")
    package.uninstall(bench)
    moment = bench.installation.clock.now()
    assert bench.installation.queue.tick([Due(stream, moment)]) == []
    with bench.store.read() as uow:
        (tick,) = uow.ticks.of(stream.org_id, stream.connection_id, "now", 10)
    assert (tick.outcome, tick.reason) == ("skipped", "uninstalled")


def test_a_connector_that_is_uninstalled_is_listed_as_long_as_a_connection_is_of_it(bench, package):
    """By other processes, too, and by the connection; another organisation is told nothing of it."""
    catalog = bench.installation.catalog
    other = bench.installation.orgs.create("other")
    assert (catalog.uninstalled(), catalog.state_of("daily"), catalog.state_of("rest")) == ({}, "ready", "ready")
    package.uninstall(bench)
    assert (catalog.uninstalled(), catalog.state_of("daily")) == ({"daily": 1}, "uninstalled")
    assert (catalog.uninstalled(bench.org), catalog.uninstalled(other)) == ({"daily": 1}, {})
    bench.installation.removals.remove(bench.connection)
    assert catalog.uninstalled() == {}
