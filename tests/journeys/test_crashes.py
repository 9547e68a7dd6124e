"""kill -9 of workers and of the daemon while runs go on: after a restart everything is as after a clean run."""

import os
import signal
from contextlib import suppress

import pytest

from levada_acme.sample import Faults, SampleSource

pytestmark = pytest.mark.journey

STREAMS = ("customers", "invoices")
FINISHED = {"succeeded", "partial"}


@pytest.fixture
def source():
    """A source that asks for a pause every third request, so that runs last long enough to be killed."""
    with SampleSource(seed=11, customers=2400, invoices=1800, faults=Faults(3, 0, 1)) as acme:
        yield acme


def phase_of(site, run_id):
    """Return how far a run had come: what was committed, and in which attempt."""
    state, pages, attempt = site.run_rows()[run_id]
    return f"{state}, attempt {attempt}, {pages} pages committed"


def running(site, runs, least_pages=0):
    """Return the runs that are under way and have committed some pages."""
    rows = site.run_rows()
    return [run for run in runs if rows[run][0] == "running" and rows[run][1] >= least_pages]


def attempts_of(site):
    """Return how often runs were begun, all together."""
    return sum(attempt for _, _, attempt in site.run_rows().values())


def busy_worker(daemon):
    """Return a worker that has a child behind its wall, which is a run under way; None when none has one now."""
    return next((pid for pid in daemon.workers() if daemon.has_grandchildren(pid)), None)


def kill(pid):
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.databases("sqlite")
def test_after_kills_of_workers_and_daemon_everything_is_as_after_a_clean_run(new_site, source, wait_until, capsys):
    """Nothing is lost, nothing is doubled, and the checkpoints are those of a run that nobody disturbed."""
    clean, site = new_site("clean"), new_site("killed")
    for stream, code in (("customers", 0), ("invoices", 4)):
        clean.runtime("run", "acme", stream, code=code)

    landed = []
    daemon = site.serve("--workers", "2")
    runs = site.enqueue(*STREAMS)
    for victim, least_pages in (("a worker", 0), ("a worker", 2), ("the daemon", 3)):
        targets = wait_until(lambda least=least_pages: running(site, runs, least), f"a run with {least_pages} pages")
        pid = (
            daemon.process.pid
            if victim == "the daemon"
            else wait_until(lambda now=daemon: busy_worker(now), "a busy worker")
        )
        phases, attempts = [phase_of(site, run) for run in targets], attempts_of(site)
        kill(pid)
        landed.append((victim, phases))
        if victim == "the daemon":
            daemon.stop()
            assert not {site.run_rows()[run][0] for run in runs} <= FINISHED
            daemon = site.serve("--workers", "2")
        wait_until(lambda before=attempts: attempts_of(site) > before, "the killed run was taken up again")
    wait_until(lambda: {site.run_rows()[run][0] for run in runs} <= {*FINISHED, "failed"}, "both runs ended", 120)
    assert {site.run_rows()[run][0] for run in runs} <= FINISHED, site.rows("SELECT stream, reason, error FROM runs")
    assert daemon.stop() == 128 + signal.SIGTERM

    with capsys.disabled():
        for victim, phases in landed:
            print(f"\n  kill -9 of {victim} landed in: {'; '.join(phases)}", end="")
        print(f"\n  ended: {'; '.join(phase_of(site, run) for run in runs)}")
    assert attempts_of(site) >= len(runs) + len(landed)
    for kind in ("documents", "versions", "events", "checkpoints"):
        assert getattr(site, kind)() == getattr(clean, kind)(), kind
    assert len(site.json("quarantine", "list")["items"]) == len(source.served.invalid)


def test_a_killed_foreground_run_is_finished_by_whoever_comes_next(site, source, wait_until):
    """The next run of the stream first carries out what the dead one left behind, from its last page."""
    import subprocess
    import sys

    words = [sys.executable, "-m", "levada_runtime", "run", "acme", "customers", "--data-dir", str(site.data_dir)]
    process = subprocess.Popen(words, env=site.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: any(row[1] >= 2 for row in site.run_rows().values()), "two pages")
    process.kill()
    process.wait()
    (left,) = site.run_rows()
    assert site.run_rows()[left][0] == "running"
    run = site.json("run", "acme", "customers")
    assert run["state"] == "succeeded"
    rows = site.run_rows()
    assert rows[left][0] == "succeeded"
    assert rows[left][2] == 2
    assert site.rows("SELECT count(*) FROM documents") == [(len(source.served.customers),)]
    assert site.rows("SELECT max(version) FROM versions") == [(1,)]


def test_a_stopped_daemon_frees_its_runs_and_the_next_one_goes_on(site, source, wait_until):
    """SIGTERM lets a run reach its page; no attempt is lost, and nothing is done twice."""
    daemon = site.serve("--workers", "1")
    (run,) = site.enqueue("customers")
    wait_until(lambda: running(site, [run], 1), "a page")
    assert daemon.stop() == 128 + signal.SIGTERM
    assert site.rows("SELECT state, owner FROM work WHERE kind = 'poll'") == [("queued", None)]
    assert site.rows("SELECT 1 FROM work WHERE owner IS NOT NULL") == []
    daemon = site.serve("--workers", "1")
    wait_until(lambda: site.run_rows()[run][0] in FINISHED, "the run ended")
    daemon.stop()
    assert site.rows("SELECT count(*) FROM documents") == [(len(source.served.customers),)]
    assert site.rows("SELECT max(version) FROM versions") == [(1,)]
