"""A storm of kill -9: workers and daemons die at any instant, and every record is there once, as if none had.

`make storm` tries it at full size. A process is stopped before it is killed, so that it can be said in which phase of
the run it was; it never goes on from there.
"""

import json
import os
import random
import signal
import sqlite3
import time
from collections import Counter
from contextlib import contextmanager, suppress
from threading import Event, Lock

import pytest

from levada._hashing import stored_payload
from levada.contracts import CustomerPayload
from levada_acme import customer_key
from levada_acme.mapping import as_customer
from levada_acme.sample import SampleSource

pytestmark = pytest.mark.journey

RECORDS = int(os.environ.get("LEVADA_STORM_RECORDS", "10000"))
KILLS = int(os.environ.get("LEVADA_STORM_KILLS", "5"))
PHASES = ("fetching", "staging", "committing", "finishing")
MANY = 20
"""From so many kills on every phase is hit; the last one is over in milliseconds, so that a few kills may miss it."""
ADVANCES = 8
ENOUGH = 120 + RECORDS / 100
"""How many seconds a run may take."""


class SlowSource(SampleSource):
    """A source that needs a while for an answer, and knows whether it is being asked."""

    def __init__(self, **size):
        super().__init__(**size, invoices=0, invalid=0, faults=False)
        self._asking, self._count = 0, Lock()
        self.over = Event()
        """Set as soon as the last page has been answered."""

    @property
    def newest(self):
        """When anything changed last."""
        return max(row["updated_at"] for row in self._book._customers.values())

    @property
    def asked(self):
        return self._asking > 0

    def page(self, kind, **place):
        self.over.clear()
        with self._being_asked():
            time.sleep(0.012)
            page, more = super().page(kind, **place)
        if not more:
            self.over.set()
        return page, more

    @contextmanager
    def _being_asked(self):
        with self._count:
            self._asking += 1
        try:
            yield
        finally:
            with self._count:
                self._asking -= 1


@pytest.fixture
def source():
    with SlowSource(seed=4, customers=RECORDS) as acme:
        yield acme


class Storm:
    """Kills whoever carries out a run, and counts in which phase it was."""

    def __init__(self, site, source, wait_until, seed):
        self.site, self.source, self.wait_until = site, source, wait_until
        self.random = random.Random(seed)
        self.landed = Counter()
        self.daemon = site.serve("--workers", "2")

    def over(self, run, kills):
        """Carry the run out under so many kills, and more until every phase has been hit, and the daemon's own."""
        victims = ["the daemon" if place % 4 == 2 else "a worker" for place in range(kills)]
        self.random.shuffle(victims)
        missed = [phase for phase in PHASES if not any(self.landed[one, phase] for one in VICTIMS)]
        wanted = [None] * (kills - len(missed)) + missed[-kills:]
        for victim, phase in zip(victims, wanted, strict=True):
            if not self._struck(run, victim, phase):
                break
        self.wait_until(lambda: self._state(run)[0] not in ("queued", "running"), "the run ended", ENOUGH)
        assert self._state(run)[0] == "succeeded", self.site.rows("SELECT state, reason, error FROM runs")

    def _struck(self, run, victim, wanted):
        """Kill once in the wanted phase, or at any instant, a page or more after the last time; False if too late."""
        before = self._state(run)[1]
        self.wait_until(lambda: self._state(run)[1] > before or self._ended(run), "a page", ENOUGH)
        time.sleep(self.random.uniform(0, 0.1))
        while not self._ended(run):
            worker = self._busy_worker()
            if worker is None:
                time.sleep(0.02)
                continue
            if wanted == "finishing":  # it is over in milliseconds: whom it will be is known before
                self.source.over.wait(1)
                time.sleep(self.random.uniform(0, 0.01))
            phase = self._stopped_in(worker)
            if phase is not None and wanted in (None, phase) and self._state(run)[0] == "running":
                self._kill(worker, victim)
                self.landed[victim, phase] += 1
                return True
            signalled(worker, signal.SIGCONT)
            time.sleep(0 if self.source.over.is_set() else self.random.uniform(0, 0.02))
        return False

    def _kill(self, worker, victim):
        self.source.over.clear()
        if victim == "a worker":
            signalled(worker, signal.SIGKILL)
            return
        self.daemon.process.kill()
        signalled(worker, signal.SIGKILL)
        self.daemon.stop()
        self.daemon = self.site.serve("--workers", "2")

    def _stopped_in(self, worker):
        """Stop a worker and tell in which phase of its run it is; None when it is in none."""
        if not signalled(worker, signal.SIGSTOP):
            return None
        asked, over = self.source.asked, self.source.over.is_set()
        if asked:
            return "fetching"
        if over:
            return "finishing"
        return "committing" if self._is_locked() else "staging"

    def _is_locked(self):
        """Tell whether somebody holds on to a transaction that writes, which only who stands still does for long."""
        for _ in range(4):
            if not self._writes():
                return False
            time.sleep(0.01)
        return True

    def _writes(self):
        if self.site.database_url:
            return self.site.rows(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL"
            )
        with sqlite3.connect(self.site.data_dir / "levada.db", timeout=0, isolation_level=None) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            connection.execute("ROLLBACK")
        connection.close()
        return False

    def _busy_worker(self):
        return next((pid for pid in self.daemon.workers() if self.daemon.has_grandchildren(pid)), None)

    def _state(self, run):
        return self.site.run_rows()[run]

    def _ended(self, run):
        return self._state(run)[0] not in ("queued", "running")


VICTIMS = ("a worker", "the daemon")


def signalled(pid, number):
    """Send a signal; tell whether there was somebody to get it."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False


def test_a_storm_of_kills_loses_nothing_and_doubles_nothing(site, source, wait_until, capsys):
    """Two runs, the second over a source that moved on, end with exactly its records, versions, events and moment."""
    seed = int.from_bytes(os.urandom(3))
    storm, began = Storm(site, source, wait_until, seed), time.monotonic()
    first = source.served
    runs = site.enqueue("customers")
    storm.over(runs[0], KILLS - KILLS // 3)
    for _ in range(ADVANCES):
        source.advance()
    runs += site.enqueue("customers")
    storm.over(runs[1], KILLS // 3)
    assert storm.daemon.stop() == 128 + signal.SIGTERM
    with capsys.disabled():
        told = ", ".join(f"{count} x {victim} while {phase}" for (victim, phase), count in sorted(storm.landed.items()))
        took, attempts = time.monotonic() - began, [site.run_rows()[run][2] for run in runs]
        print(f"\n  {RECORDS} records, seed {seed}, {took:.0f} s, attempts {attempts}: kill -9 of {told}", end=" ")
    assert storm.landed.total() >= KILLS // 2
    check(site, first, source.served, source.newest)
    if KILLS >= MANY:
        assert {phase for _, phase in storm.landed} == set(PHASES)


def check(site, first, then, newest):
    """Compare what is there with what the source had at the end of the first run, and of the second."""
    read = {number: [as_customer(row)] for number, row in first.customers.items()}
    events = [("document.created", number, 1) for number in read]
    for number, row in then.customers.items():
        payload = as_customer(row)
        if number not in read:
            events.append(("document.created", number, 1))
            read[number] = [payload]
        elif read[number] != [payload]:
            events.append(("document.updated", number, 2))
            read[number].append(payload)
    events += [("document.retired", number, 1) for number in then.deleted if number in first.customers]
    assert Counter((source, key, version) for source, _, key, version in site.events()) == Counter(
        (source, customer_key(number), version) for source, number, version in events
    )
    found = {key: [] for _, key, *_ in site.documents()}
    for _, key, _, superseded, payload in site.versions():
        assert not superseded
        found[key].append(payload)
    assert set(found) == {customer_key(number) for number in read}
    for number, payloads in read.items():
        kept = found[customer_key(number)]
        assert len(kept) == len(payloads)
        for one, other in zip(kept, payloads, strict=True):
            assert {**one, "connection_id": None, "source_system": None} == stored(other)
    gone = {key for _, key, _, _, current, _ in site.documents() if not current}
    assert gone == {customer_key(number) for number in then.deleted if number in first.customers}
    ((stream, partition, state),) = site.checkpoints()
    assert (stream, partition, decoded(state)) == ("customers", "", {"since": newest})
    assert site.rows("SELECT count(*) FROM versions v LEFT JOIN pages p ON p.id = v.page_id WHERE p.id IS NULL") == [
        (0,)
    ]


def stored(payload):
    """Return a payload as it is stored, but for where it came from."""
    model = CustomerPayload.model_validate(payload)
    model.complete()
    return {**json.loads(stored_payload(model)), "connection_id": None, "source_system": None}


def decoded(state):
    return json.loads(state) if isinstance(state, str) else state
