"""Upkeep under a running daemon: keys are rotated, what is old is forgotten, and a copy becomes an installation."""

import json
import shutil
from datetime import timedelta

import pytest

from levada_acme.sample import SampleSource
from levada_runtime.daemon.installation import Installation
from levada_runtime.foundation.ids import row_id
from levada_runtime.store.model import EventRow

pytestmark = [pytest.mark.journey, pytest.mark.databases("sqlite")]


@pytest.fixture
def source():
    with SampleSource(seed=5, customers=5, invoices=5, faults=False) as acme:
        yield acme


def add_events(site, *ages):
    with Installation(site.settings()) as installation, installation.store.write() as uow:
        now = installation.clock.now()
        uow.events.add([EventRow(installation.org.id, 0, row_id(), "sdk.event", "x", now - age) for age in ages])


def ended(site, run):
    return site.run_rows()[run][0] in ("succeeded", "failed")


def test_a_daemon_goes_on_under_a_new_key_and_its_copy_is_an_installation(site, wait_until, tmp_path):
    """Its workers have read the old key, and open what was sealed with the new one; so does who has copy and key."""
    daemon = site.serve()
    (before,) = site.enqueue("customers")
    wait_until(lambda: ended(site, before), "a run under the old key")
    rotated = site.json("secrets", "rotate")
    assert (rotated["sealed_anew"], rotated["keys"]) == (1, 2)
    (after,) = site.enqueue("customers")
    wait_until(lambda: ended(site, after), "a run under the new key")
    assert {state for state, _, _ in site.run_rows().values()} == {"succeeded"}

    copy = tmp_path / "restored"
    copy.mkdir(mode=0o700)
    site.runtime("db", "backup", str(copy / "levada.db"))
    assert daemon.stop() == 143
    key, *_ = (site.data_dir / "secret.key").read_text().split()
    (copy / "secret.key").write_text(key + "\n")
    documents = site.documents()
    shutil.rmtree(site.data_dir)
    site.data_dir = copy
    assert site.documents() == documents
    again = site.json("run", "acme", "customers")
    assert (again["state"], again["counts"]["created"], again["counts"]["unchanged"] > 0) == ("succeeded", 0, True)
    told = [one["action"] for one in site.json("audit", "list")["items"]]
    assert told[0] == "run.start"
    assert {"secret.rotate", "connection.add", "key.issue"} <= set(told)
    everything = json.dumps(site.json("audit", "list"))
    assert site.env["ACME_KEY"] not in everything


def test_a_daemon_forgets_what_is_old(site, wait_until):
    """By itself, as often as it is told to; what is young stays."""
    add_events(site, *[timedelta(days=31)] * 3, timedelta(days=1))
    site.env["LEVADA_RETENTION__EVERY_S"] = "0.2"
    daemon = site.serve()
    wait_until(lambda: site.rows("SELECT count(*) FROM events WHERE source = 'sdk.event'") == [(1,)], "the pruning")
    assert daemon.stop() == 143
