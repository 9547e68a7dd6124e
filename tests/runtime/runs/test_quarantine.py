"""The first violation puts a connector's version into quarantine, with the end of its run; nothing of it runs then."""

import json
import sys
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.naughty import Naughty

from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.config import Settings
from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.runs.ticks import Due
from levada_runtime.work.versions import UNDERSTOOD

pytestmark = pytest.mark.databases("sqlite")
BOTH = pytest.mark.databases("sqlite", "postgresql")


class Bench:
    """An installation with one connection to a connector that does what it is told."""

    def __init__(self, installation, naughty):
        self.installation = installation
        self.naughty = naughty
        self.store = installation.store
        _, manifest = installation.catalog.ready("naughty")
        self.connection = installation.connections.add(installation.org, manifest, settings={}, secrets={})

    def tell(self, deed):
        _, manifest = self.installation.catalog.described("naughty")
        self.connection = self.installation.connections.set(
            self.connection, manifest, settings={"deed": deed}, secrets={}, mode=None
        )

    def enter(self):
        return self.installation.queue.by_hand(self.connection, "crimes").id

    def work(self, line="stream:crimes"):
        """Carry out the head of a line, due or not."""
        token = self.installation.work.claim_next(self.installation.org.id, self.connection.id, line)
        assert token is not None
        self.installation.runs.execute(token)

    def run(self, run_id):
        return self.installation.run_library.run(self.installation.org, run_id)

    def state(self):
        return self.installation.catalog.get("naughty").state

    def approve(self):
        self.installation.catalog.approve(self.installation.catalog.get("naughty"))

    def quarantine(self):
        with self.store.read() as uow:
            return next(iter(uow.trust.quarantines().values()), None)

    def push(self, deed):
        door = self.installation.intake.doors.find("naughty", "told")
        body = json.dumps({"deed": deed}).encode()
        return self.installation.intake.receive(door, {}, {}, body).result(10).receipt_id

    def receipt(self, receipt_id):
        return self.installation.receipts.receipt(self.installation.org, receipt_id)


@pytest.fixture
def bench(tmp_path, monkeypatch, new_database, lending):
    naughty = Naughty(tmp_path / "packages")
    naughty.install()
    monkeypatch.setattr(sys, "path", [str(naughty.folder), *sys.path])
    with Installation(Settings(data_dir=tmp_path, database_url=new_database())) as installation:
        lending.to(installation)
        yield Bench(installation, naughty)


@pytest.mark.parametrize(("deed", "reason"), [("trace", "sandbox_violation"), ("lie", "protocol_violation")])
def test_a_run_that_violates_the_wall_puts_its_version_into_quarantine(bench, deed, reason):
    """It is not tried again; the next runs are refused before they begin, until it is approved."""
    bench.tell(deed)
    first, second = bench.enter(), bench.enter()
    bench.work()
    ended = bench.run(first)
    assert (ended["state"], ended["reason"], ended["attempt"]) == ("failed", reason, 1)
    assert bench.state() == "quarantined"
    found = bench.quarantine()
    assert (found.version, found.reason, found.during, found.run_id) == ("1.0", reason, "poll", first)
    assert found.message == ended["error"]["message"]
    bench.tell("nothing")
    bench.work()
    refused = bench.run(second)
    assert (refused["state"], refused["reason"], refused["sandbox"]) == ("failed", "policy", None)
    assert refused["error"]["code"] == "connector_quarantined"
    for named in ("'naughty' 1.0", first, reason, "connectors show naughty", "connectors approve naughty"):
        assert named in refused["error"]["message"]
    bench.approve()
    third = bench.enter()
    bench.work()
    assert bench.run(third)["state"] == "succeeded"
    assert bench.quarantine() is None


@BOTH
def test_a_released_version_that_violates_again_is_in_quarantine_again(bench):
    """Approving it was no blank cheque."""
    bench.tell("trace")
    bench.enter()
    bench.work()
    before = bench.quarantine()
    bench.approve()
    again = bench.enter()
    bench.work()
    assert bench.quarantine().run_id == again
    assert bench.quarantine().quarantined_at > before.quarantined_at


@BOTH
def test_the_first_violation_stays_the_one_that_is_told_of(bench):
    """Of two children that were under way, the second changes nothing."""
    bench.tell("trace")
    bench.enter()
    bench.work()
    found = bench.quarantine()
    with bench.store.write() as uow:
        uow.trust.confine(type(found)(**{name: getattr(found, name) for name in found.__slots__} | {"run_id": "later"}))
    assert bench.quarantine() == found


def test_an_observed_run_and_a_check_that_violate_the_wall_do_the_same(bench):
    """Whatever the connector was asked for."""
    bench.tell("trace")
    installation = bench.installation
    ended = installation.runs.observe(installation.org, bench.connection, "crimes")
    assert (ended.reason, bench.quarantine().run_id) == ("sandbox_violation", ended.id)
    for refused in (
        lambda: installation.runs.observe(installation.org, bench.connection, "crimes"),
        lambda: installation.runs.check(installation.org, bench.connection),
        lambda: installation.runs.poll_stream(bench.connection, "crimes"),
    ):
        with pytest.raises(UsageFailure, match="quarantine"):
            refused()
    bench.approve()
    assert installation.runs.check(installation.org, bench.connection).reason == "sandbox_violation"
    assert (bench.quarantine().during, bench.quarantine().run_id) == ("check", None)


def test_a_run_in_the_foreground_ends_in_quarantine_too(bench):
    """And so does an observed connection's queued run."""
    bench.tell("trace")
    installation = bench.installation
    ended = installation.foreground.run(bench.connection, "crimes", lambda _run: None, lambda: None)
    assert (ended.reason, bench.quarantine().run_id) == ("sandbox_violation", ended.id)
    bench.approve()
    _, manifest = installation.catalog.ready("naughty")
    bench.connection = installation.connections.set(bench.connection, manifest, settings={}, secrets={}, mode="observe")
    run = bench.enter()
    bench.work()
    assert bench.run(run)["observing"] is True
    assert bench.quarantine().run_id == run


@BOTH
def test_receipts_are_taken_and_wait_until_the_version_is_approved(bench):
    """The one that violated is dead, those behind it lose nothing; an approval wakes them at once."""
    guilty = bench.push("trace")
    bench.work("webhook:told")
    assert (bench.receipt(guilty)["state"], bench.receipt(guilty)["reason"]) == ("dead", "sandbox_violation")
    assert (bench.quarantine().during, bench.state()) == ("webhook", "quarantined")
    bench.installation.intake.doors._remembered.clear()
    waiting = bench.push("nothing")
    for _ in range(2):
        bench.work("webhook:told")
    assert bench.receipt(waiting)["state"] == "received"
    assert bench.run(bench.receipt(waiting)["run"])["attempt"] == 0
    with bench.store.read() as uow:
        assert uow.work.due(bench.installation.clock.now(), 10, UNDERSTOOD) == []
    bench.approve()
    with bench.store.read() as uow:
        (due,) = uow.work.due(bench.installation.clock.now(), 10, UNDERSTOOD)
        payload = uow.work.get(due.id).payload
    assert payload == {"run": bench.receipt(waiting)["run"]}
    bench.work("webhook:told")
    assert bench.receipt(waiting)["state"] == "processed"


def test_another_source_is_not_in_quarantine(bench):
    """A version that was mended runs; going back to the one that broke out does not help."""
    bench.tell("trace")
    bench.enter()
    bench.work()
    bench.tell("nothing")
    bench.naughty.install("1.1")
    bench.installation.catalog.refresh()
    assert bench.state() == "ready"
    mended = bench.enter()
    bench.work()
    assert bench.run(mended)["state"] == "succeeded"
    bench.naughty.install("1.0")
    bench.installation.catalog.refresh()
    assert bench.state() == "quarantined"


@pytest.mark.parametrize("state", ["quarantined", "needs_approval"])
def test_scheduled_moments_are_skipped_with_the_reason(bench, state):
    """The ledger says why; once it is approved the next moment runs."""
    installation, moment = bench.installation, bench.installation.clock.now()
    if state == "quarantined":
        bench.tell("trace")
        bench.enter()
        bench.work()
    else:
        bench.naughty.install("2.0", hosts=("elsewhere.test",))
        installation.catalog.refresh()
    (stream,) = (one for one in installation.connections.streams(bench.connection) if one.stream == "crimes")
    assert installation.queue.tick([Due(stream, moment)]) == []
    with bench.store.read() as uow:
        (tick,) = uow.ticks.of(stream.org_id, stream.connection_id, "crimes", 10)
    assert (tick.outcome, tick.reason, tick.run_id) == ("skipped", state, None)
    bench.approve()
    assert len(installation.queue.tick([Due(stream, moment + timedelta(minutes=1))])) == 1


@BOTH
def test_a_wider_version_does_not_run_until_it_is_approved(bench):
    """Its queued runs are refused with the difference, its webhooks wait."""
    bench.naughty.install("2.0", hosts=("elsewhere.test",))
    bench.installation.catalog.refresh()
    refused, waiting = bench.enter(), bench.push("nothing")
    bench.work()
    bench.work("webhook:told")
    assert bench.run(refused)["error"]["code"] == "connector_needs_approval"
    assert "+ hosts: elsewhere.test" in bench.run(refused)["error"]["message"]
    assert bench.receipt(waiting)["state"] == "received"
    bench.approve()
    bench.work("webhook:told")
    assert bench.receipt(waiting)["state"] == "processed"


@pytest.mark.parametrize(("deed", "state"), [("nothing", "succeeded"), ("raise", "queued"), ("trace", "failed")])
def test_a_run_keeps_the_layers_of_the_child_that_ran_it(bench, deed, state):
    """However its attempt ended."""
    bench.tell(deed)
    run = bench.enter()
    bench.work()
    shown, level = bench.run(run), bench.installation.sandbox.level
    assert shown["state"] == state
    assert shown["sandbox_level"] == shown["sandbox"]["level"] == level.value
    assert shown["sandbox"]["title"] == level.label
    assert shown["sandbox"]["layers"]["seccomp"] == "on"


def test_the_quarantine_and_the_end_of_the_run_are_one_transaction(bench):
    """No run is ever seen to have violated the wall while its version may still run."""
    bench.tell("trace")
    run = bench.enter()
    with bench.store.engine.begin() as connection:
        connection.execute(
            sa.text(
                "CREATE TRIGGER refused BEFORE INSERT ON connector_quarantines BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        )
    bench.work()
    assert bench.run(run)["reason"] == "crash"
    assert bench.state() == "ready"
    with bench.store.engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER refused"))
    bench.work()
    assert (bench.run(run)["reason"], bench.state()) == ("sandbox_violation", "quarantined")
