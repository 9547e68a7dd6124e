"""A backfill as an operator types it: interrupted, killed and gone on with, it ends as a clean read of everything."""

import signal
import subprocess
import sys

import pytest

from levada_acme.sample import Faults, SampleSource

pytestmark = pytest.mark.journey

WORDS = (
    "backfill", "acme", "invoices", "--from", "2026-03-01", "--to", "2026-03-01T00:08:00Z", "--slice", "PT1M",
)  # fmt: skip
CLEAN = ("documents", "versions", "events")


@pytest.fixture
def source():
    """A source that asks for a pause every fourth request, so that slices last long enough to be killed."""
    with SampleSource(seed=11, customers=40, invoices=1800, faults=Faults(4, 0, 1)) as acme:
        yield acme


def under_way(site):
    """Return the slices that are running and have committed a page."""
    return site.rows("SELECT id FROM runs WHERE state = 'running' AND pages > 0 AND backfill_id IS NOT NULL")


def state_of(site):
    """Return the state of the one backfill there is."""
    return site.rows("SELECT state FROM backfills")[0][0]


def test_a_backfill_that_is_interrupted_and_killed_ends_as_a_clean_read(new_site, source, wait_until):
    """By Ctrl-C in the foreground and kill -9 of the daemon; the same words go on with what is missing."""
    clean, site = new_site("clean"), new_site("killed")
    clean.runtime("run", "acme", "invoices", code=4)

    command = [sys.executable, "-m", "levada_runtime", *WORDS, "--data-dir", str(site.data_dir)]
    process = subprocess.Popen(command, env=site.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_until(lambda: under_way(site), "a slice with a page")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"begins; an interrupt leaves it to a daemon" in out
    assert site.rows("SELECT count(*) FROM work WHERE state = 'running'") == [(0,)]

    daemon = site.serve("--workers", "2")
    wait_until(lambda: under_way(site), "a slice with a page")
    daemon.stop(signal.SIGKILL)

    ended = site.json(*WORDS, "--parallel", "3", code=4)
    assert (ended["state"], ended["slices"]["done"], ended["slices"]["total"]) == ("partial", 8, 8)
    assert ended["counts"]["created"] == len(source.served.invoices)
    assert site.rows("SELECT count(*) FROM backfills") == [(1,)]
    assert site.rows("SELECT max(attempt) FROM runs") >= [(2,)]
    assert site.checkpoints() == []
    for kind in CLEAN:
        assert getattr(site, kind)() == getattr(clean, kind)(), kind
    assert len(site.json("quarantine", "list")["items"]) == len(source.served.invalid)


@pytest.mark.databases("sqlite")
def test_a_daemon_carries_out_what_was_begun_and_left_to_it(site, source, wait_until):
    """With the figures of the progress bar for whoever asks; its runs are listed, and cancelling one ends it."""
    begun = site.json(*WORDS, "--detach")
    assert (begun["state"], begun["slices"]["queued"], begun["slices"]["waiting"]) == ("running", 2, 6)
    runs = site.json("runs", "list", "--backfill", begun["id"])["items"]
    assert {run["state"] for run in runs} == {"queued"}
    assert site.json("runs", "cancel", runs[0]["id"])["state"] == "cancelled"
    daemon = site.serve("--workers", "1")
    wait_until(lambda: state_of(site) == "failed", "the backfill ended", 90)
    hole = site.json("backfills", "show", begun["id"])["holes"][0]
    assert (hole["run"], hole["state"]) == (runs[0]["id"], "cancelled")
    assert site.json("runs", "retry", hole["run"])["window"] == runs[0]["window"]
    wait_until(lambda: state_of(site) == "partial", "the hole was filled", 60)
    assert site.json("backfills", "list")["items"][0]["slices"]["done"] == 8
    assert site.rows("SELECT count(*) FROM documents") == [(len(source.served.invoices),)]
    assert daemon.stop() == 128 + signal.SIGTERM
