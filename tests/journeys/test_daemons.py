"""Daemons that are stopped in the middle of their work, that share one database, and that wake workers otherwise."""

import itertools
import json
import signal
import textwrap
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.client import HTTPException

import pytest

from levada_acme.sample import Faults, SampleSource
from levada_acme.sample.push import payment_event, push
from levada_acme.sample.rows import payment

pytestmark = pytest.mark.journey

DRAIN_S = 4.0
BEGUN_S, HEEDED_S = 9, 4
"""Within so many seconds two daemons have begun, and one has heeded a clock that was set; if not, the next minute does.
"""
FINISHED = {"succeeded", "partial"}
INVOICE = {
    "id": 50001,
    "number": "INV-50001",
    "customer": {"id": 1001, "name": "Ada Abbott"},
    "currency": "EUR",
    "lines": [{"amount": "12.50"}],
}
IN_PROCESS = textwrap.dedent(
    """
    import queue, threading
    from levada_runtime.daemon.worker import handling

    def make_executor(installation):
        return InProcess(installation.settings)

    class InProcess:
        def __init__(self, settings):
            self._settings, self._tokens, self._at = settings, queue.SimpleQueue(), None
            self._ready, self._draining, self._over = False, threading.Event(), threading.Event()

        def start(self, lost, freed):
            self._freed = freed
            threading.Thread(target=self._work, daemon=True).start()

        def _work(self):
            with handling(self._settings) as (dispatch, draining):
                self._draining, self._ready = draining, True
                while (token := self._tokens.get()) is not None:
                    dispatch.execute(token)
                    self._at = None
                    self._freed()
            self._over.set()

        def submit(self, tokens):
            for token in tokens:
                self._at = token
                self._tokens.put(token)

        def in_flight(self):
            return [self._at] if self._at else []

        def capacity(self):
            return int(self._ready and self._at is None)

        def drain(self, timeout):
            self._draining.set()
            self._tokens.put(None)
            self._over.wait(timeout)

        def line(self):
            return "one thread of the daemon itself"

        def state(self):
            return {"workers": int(self._ready), "thread": True}
    """
)


@pytest.fixture
def source():
    """A source that asks for a pause every third request, so that runs are under way for a while."""
    with SampleSource(seed=11, customers=1300, invoices=800, faults=Faults(3, 0, 1)) as acme:
        yield acme


def parts_of(daemon):
    """Return what a daemon says of its parts, ready or not."""
    try:
        with urllib.request.urlopen(f"{daemon.url}/readyz", timeout=5) as answer:
            return json.loads(answer.read())["parts"]
    except urllib.error.HTTPError as refused:
        return json.loads(refused.read())["parts"]


def push_on(daemon, secret, numbers, answered):
    """Push webhooks until nobody listens, and note those that were answered."""
    for number in numbers:
        row = payment(number, INVOICE, datetime(2026, 3, 1, tzinfo=UTC), nonce="n-7")
        try:
            status = push(f"{daemon.url}/hooks/acme/events", payment_event(row), secret)
        except (OSError, HTTPException):
            return
        if status == 202:
            answered.append(f"evt_{number}_{row['state']}")
        time.sleep(0.02)


def leads(daemon):
    return parts_of(daemon)["schedule"]["leader"]


def held(site):
    return site.rows("SELECT state, owner, lease_until FROM work WHERE state = 'running' OR owner IS NOT NULL")


@pytest.mark.databases("sqlite")
def test_a_daemon_that_is_stopped_under_load_loses_nothing_and_ends_in_time(site, source, wait_until, capsys):
    """Every lease is free when it has ended, no stop counts as an attempt, and the last daemon finishes everything.

    Runs are under way and webhooks come in until nobody listens any more; every 202 is carried out, too.
    """
    site.env |= {"LEVADA_WORK__DRAIN_S": str(DRAIN_S), "ACME_SIGNING": source.signing_secret}
    site.runtime("connections", "set", "acme", "--secret", "signing_secret=env:ACME_SIGNING")
    numbers, answered = itertools.count(1), []
    site.enqueue("customers", "invoices", "customers")
    took = []
    for _ in range(2):
        daemon = site.serve("--workers", "2")
        pages = sum(row[1] for row in site.run_rows().values())
        wait_until(lambda before=pages: sum(row[1] for row in site.run_rows().values()) > before, "another page")
        before = len(answered)
        with ThreadPoolExecutor(2) as many:
            for _ in range(2):
                many.submit(push_on, daemon, source.signing_secret, numbers, answered)
            wait_until(lambda before=before: len(answered) > before + 5, "webhooks come in")
            busy = len(held(site))
            began = time.monotonic()
            assert daemon.stop() == 128 + signal.SIGTERM
            took.append((round(time.monotonic() - began, 2), busy))
        assert held(site) == []
        assert {row[0] for row in site.run_rows().values()} <= {"queued", *FINISHED}
        assert site.rows("SELECT max(attempt) FROM work WHERE state = 'queued'") in ([(0,)], [(None,)])
    with capsys.disabled():
        print(f"\n  stopped, (seconds, work in flight): {took}, of {DRAIN_S} s; {len(answered)} webhooks were answered")
    assert max(seconds for seconds, _ in took) <= DRAIN_S
    assert any(busy for _, busy in took)
    daemon = site.serve("--workers", "2")
    wait_until(lambda: {row[0] for row in site.run_rows().values()} <= FINISHED, "everything ended", 120)
    daemon.stop()
    assert set(answered) <= {one for (one,) in site.rows("SELECT delivery_id FROM receipts WHERE state = 'processed'")}
    counted = dict(site.rows("SELECT document_type, count(*) FROM documents GROUP BY document_type"))
    assert counted["customer"] == len(source.served.customers)
    assert counted["invoice"] == len(source.served.invoices)
    assert site.rows("SELECT max(version) FROM versions") == [(1,)]


@pytest.mark.databases("postgresql")
def test_a_killed_leader_is_followed_within_a_second_and_every_moment_is_entered_once(
    site, source, tmp_path, wait_until, soon_a_minute, capsys
):
    """Of two daemons on one database one leads; the ledger has each minute once, from before and after the kill."""
    site.runtime("connections", "set", "acme", "--schedule", "customers=* * * * *")
    soon_a_minute(BEGUN_S)
    other = type(site)(tmp_path / "other", dict(site.env), site.database_url)
    other.data_dir.mkdir(mode=0o700)
    (other.data_dir / "secret.key").write_text((site.data_dir / "secret.key").read_text())
    leader, follower = site.serve("--workers", "1"), other.serve("--workers", "1")
    wait_until(lambda: site.rows("SELECT 1 FROM ticks"), "a moment", 90)
    assert (leads(leader), leads(follower)) == (True, False)
    leader.process.kill()
    began = time.monotonic()
    wait_until(lambda: leads(follower), "another leader", 10)
    took = time.monotonic() - began
    leader.stop()
    with capsys.disabled():
        print(f"\n  leadership moved {took * 1000:.0f} ms after the kill")
    assert took < 1.0
    entered = len(site.rows("SELECT 1 FROM ticks"))
    soon_a_minute(HEEDED_S)
    wait_until(lambda: len(site.rows("SELECT 1 FROM ticks")) > entered, "a moment under the other", 90)
    assert follower.stop() == 128 + signal.SIGTERM
    moments = [row[0] for row in site.rows("SELECT scheduled_for FROM ticks ORDER BY scheduled_for")]
    assert len(moments) >= 2
    assert moments == list(range(moments[0], moments[-1] + 1, 60_000_000))
    scheduled = [row[0] for row in site.rows("SELECT scheduled_for FROM runs WHERE scheduled_for IS NOT NULL")]
    assert len(scheduled) == len(set(scheduled))


@pytest.mark.databases("sqlite")
def test_another_executor_needs_nothing_but_its_own_file_and_a_setting(site, source, tmp_path, wait_until):
    """Here a thread of the daemon itself carries out the work: no worker process, and all else as it was."""
    (tmp_path / "executors").mkdir()
    (tmp_path / "executors" / "in_process.py").write_text(IN_PROCESS)
    site.env |= {"PYTHONPATH": str(tmp_path / "executors"), "LEVADA_WORK__EXECUTOR": "in_process"}
    daemon = site.serve()
    assert "one thread of the daemon itself" in "".join(daemon.said)
    runs = site.enqueue("customers", "invoices")
    wait_until(lambda: {site.run_rows()[run][0] for run in runs} <= FINISHED, "both runs ended", 120)
    assert daemon.workers() == []
    assert parts_of(daemon)["executor"] == {"kind": "in_process", "workers": 1, "thread": True}
    assert daemon.stop() == 128 + signal.SIGTERM
    assert site.rows("SELECT count(*) FROM documents WHERE document_type = 'customer'") == [
        (len(source.served.customers),)
    ]
    site.env["LEVADA_WORK__EXECUTOR"] = "nowhere"
    assert "there is no executor 'nowhere'" in site.runtime("serve", "--port", "0", code=2).err
