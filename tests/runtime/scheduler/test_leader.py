"""Who leads the schedule, by real locks: one of several, another once it is gone, and nobody for long."""

import subprocess
import sys
import textwrap
import threading
import time

import pytest
import sqlalchemy as sa

from levada_runtime.scheduler.leader import Leader
from levada_runtime.store.engine import make_engine
from levada_runtime.store.leadership import lasting_lock

HOLDER = textwrap.dedent(
    """
    import sys, time
    from levada_runtime.store.engine import make_engine
    from levada_runtime.store.leadership import lasting_lock
    assert lasting_lock(make_engine(sys.argv[1]), "schedule").held()
    print("held", flush=True)
    time.sleep(60)
    """
)
TERMINATE = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = %s)
"""


class Term:
    """Notes when it is served."""

    def __init__(self, told):
        self._told = told

    def start(self):
        self._told.append("start")

    def stop(self):
        self._told.append("stop")


@pytest.fixture
def new_leader(new_store):
    """Returns what makes a candidate of the same database, and the list it notes its terms in."""
    engine, made = new_store().engine, []

    def make(crashed=lambda error: pytest.fail(str(error))):
        told = []
        made.append(Leader(lasting_lock(engine, "schedule"), lambda: Term(told), crashed))
        return made[-1], told

    yield make
    for leader in made:
        leader.stop()


def within(seconds, true):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def test_whoever_stands_first_leads_until_it_stops_and_then_another_does(new_leader):
    """One term at a time, and the next within a second."""
    first, theirs = new_leader()
    second, ours = new_leader()
    first.start()
    assert first.term is not None
    second.start()
    time.sleep(0.5)
    assert (theirs, ours, second.term) == (["start"], [], None)
    first.stop()
    within(1.0, lambda: second.term is not None)
    assert (theirs, ours) == (["start", "stop"], ["start"])


def test_a_killed_leader_is_followed_within_a_second(new_database, new_leader):
    """The operating system, or the server, lets go of what a dead process held."""
    url = new_database()
    words = [sys.executable, "-c", HOLDER, url]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        lock = lasting_lock(make_engine(url), "schedule")
        told = []
        leader = Leader(lock, lambda: Term(told), lambda _error: None)
        leader.start()
        assert told == []
        holder.kill()
        try:
            within(1.0, lambda: told == ["start"])
        finally:
            leader.stop()
    assert told == ["start", "stop"]


@pytest.mark.databases("postgresql")
def test_a_leader_whose_connection_is_lost_leads_no_more_until_it_is_elected_again(new_leader, store):
    """Without its connection it does not know whether it leads, so it stops, and stands again."""
    leader, told = new_leader()
    leader.start()
    engine = leader._lock._engine
    admin = sa.create_engine(engine.url.set(database="postgres"), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        assert connection.exec_driver_sql(TERMINATE, (engine.url.database,)).scalar() == 1
    within(5.0, lambda: told == ["start", "stop", "start"])


def test_a_term_that_cannot_be_served_ends_the_daemon_rather_than_the_schedule(new_leader):
    """Crash-only: whoever starts it again finds the ledger as it is."""
    crashes, over = [], threading.Event()
    first, _ = new_leader()
    second, _ = new_leader(lambda error: (crashes.append(str(error)), over.set()))
    second._new_term = lambda: 1 / 0
    first.start()
    second.start()
    first.stop()
    assert over.wait(2)
    assert crashes == ["division by zero"]
