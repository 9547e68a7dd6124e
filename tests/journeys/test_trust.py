"""A connector that breaks out is stopped under a running daemon, others go on, and an operator has the last word."""

import json
import urllib.request

import pytest
from tests.naughty import Naughty

from levada_acme.sample import SampleSource
from levada_runtime.daemon.installation import Installation

pytestmark = [pytest.mark.journey, pytest.mark.databases("sqlite")]


@pytest.fixture
def source():
    with SampleSource(seed=5, customers=5, invoices=5, faults=False) as acme:
        yield acme


@pytest.fixture
def naughty(site, tmp_path):
    """The distribution, on the path of every command, with a connection to it."""
    naughty = Naughty(tmp_path / "packages")
    naughty.install()
    site.env["PYTHONPATH"] = str(naughty.folder)
    site.runtime("connections", "add", "naughty")
    site.hush()
    with Installation(site.settings()) as installation:
        row = installation.connections.get(installation.org, "naughty")
        installation.connections.set_schedule(row, "crimes", "0 0 1 1 *")
    return naughty


def enqueue(site, connection, stream):
    """Queue a run for the daemon, and return its id."""
    with Installation(site.settings()) as installation:
        row = installation.connections.get(installation.org, connection)
        return installation.queue.by_hand(row, stream).id


def tell(daemon, deed):
    """Push a webhook that says what to do."""
    request = urllib.request.Request(f"{daemon.url}/hooks/naughty/told", json.dumps({"deed": deed}).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status


def ended(site, run):
    return site.run_rows()[run][0] in ("succeeded", "failed")


def receipts(site):
    return sorted(one["state"] for one in site.json("receipts", "list")["items"])


def test_a_violation_stops_this_version_and_nothing_else_until_it_is_approved(site, naughty, wait_until):
    """The daemon goes on; queued runs are refused, webhooks wait, and an approval is noticed at once."""
    daemon = site.serve()
    assert any(line.startswith("sandbox ") and "probe " in line for line in daemon.said)
    assert tell(daemon, "trace") == 202
    wait_until(lambda: site.rows("SELECT 1 FROM connector_quarantines WHERE released_at IS NULL"), "a quarantine")
    (violated,) = site.rows("SELECT id FROM runs WHERE reason = 'sandbox_violation'")[0]

    refused, others = enqueue(site, "naughty", "crimes"), enqueue(site, "acme", "customers")
    wait_until(lambda: ended(site, refused) and ended(site, others), "both runs")
    assert site.run_rows()[others][0] == "succeeded"
    said = site.json("runs", "show", refused)["error"]
    assert said["code"] == "connector_quarantined"
    assert violated in said["message"]
    assert tell(daemon, "nothing") == 202
    assert "approve naughty" in site.runtime("run", "naughty", "crimes", code=2).err
    listed = {one["key"]: one["state"] for one in site.json("connectors", "list")["items"]}
    assert (listed["naughty"], listed["acme"]) == ("quarantined", "ready")
    with urllib.request.urlopen(f"{daemon.url}/readyz", timeout=10) as answer:
        parts = json.loads(answer.read())["parts"]
    assert parts["connectors"]["quarantined"] == ["naughty"]
    assert parts["sandbox"]["probe"]["tried"] == parts["sandbox"]["probe"]["blocked"] >= 20
    assert receipts(site) == ["dead", "received"]

    assert "--yes" in site.runtime("connectors", "approve", "naughty", code=2).err
    approved = site.json("connectors", "approve", "naughty", "--yes")
    assert (approved["state"], approved["released"]["run"], approved["approved"]) == ("ready", violated, None)
    wait_until(lambda: receipts(site) == ["dead", "processed"], "the webhook that waited", 20)
    again = enqueue(site, "naughty", "crimes")
    wait_until(lambda: ended(site, again), "a run of what was approved")
    shown = site.json("runs", "show", again)
    assert shown["state"] == "succeeded"
    assert shown["sandbox"]["layers"]["seccomp"] == "on"
    daemon.stop()


def test_a_version_with_another_host_waits_for_its_approval_under_a_running_daemon(site, naughty, wait_until):
    """What the command line found out, the daemon and its workers know: nobody starts them again."""
    daemon = site.serve()
    naughty.install("2.0", hosts=("api.acme.test", "elsewhere.test"))
    shown = site.runtime("connectors", "show", "naughty")
    assert "needs your approval" in shown.out
    assert "+ hosts: elsewhere.test" in shown.out
    refused = enqueue(site, "naughty", "crimes")
    wait_until(lambda: ended(site, refused), "a refusal")
    assert site.json("runs", "show", refused)["error"]["code"] == "connector_needs_approval"
    told = site.runtime("connectors", "approve", "naughty", "--yes").out
    assert "+ hosts: elsewhere.test" in told
    assert "naughty 2.0 is ready" in told
    again = enqueue(site, "naughty", "crimes")
    wait_until(lambda: ended(site, again), "a run of what was approved")
    assert site.rows("SELECT state, connector_version FROM runs WHERE id = ?", again) == [("succeeded", "2.0")]

    naughty.install("2.1")
    assert "declares less than was approved" in site.runtime("connectors", "show", "naughty").out
    narrower = enqueue(site, "naughty", "crimes")
    wait_until(lambda: ended(site, narrower), "a run of what needs no approval")
    assert site.rows("SELECT state, connector_version FROM runs WHERE id = ?", narrower) == [("succeeded", "2.1")]
    daemon.stop()
