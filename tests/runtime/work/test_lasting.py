"""Runs, plans, backfills and pages go once nothing is kept of them; what `why` tells is the same for ever."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from tests.runtime.plans.scripted import Assert, Bench, Gone, Say, host

from levada_runtime.foundation.config import RetentionSettings
from levada_runtime.foundation.ids import new_uuid
from levada_runtime.store import tables
from levada_runtime.store.backfills_model import BackfillRow
from levada_runtime.work.retention import Pruner

LATER = timedelta(days=100)
SEEN = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def bench(store, clock, tmp_path):
    return Bench(store, clock, tmp_path)


@pytest.fixture
def tenant(bench):
    return bench.tenant()


@pytest.fixture
def prune(store, clock):
    """Returns what prunes everything by some settings, and tells what is gone."""

    def prune(**settings):
        gone = Pruner(store, clock, RetentionSettings(**settings)).prune(lambda _seconds: False)
        return {kind: count for kind, count in gone.items() if count}

    return prune


def ids(tenant, table, column="id"):
    return {row[0] for row in tenant.rows(f"SELECT {column} FROM {table} WHERE org_id = {{org}}")}


def write(tenant, table, **values):
    with tenant.bench.store.write() as uow:
        uow._connection.execute(
            sa.insert(table).values(org_id=tenant.org.id, connection_id=tenant.connection.id, **values)
        )


def ended(tenant, number=1, stream="quiet", **values):
    """Enter runs that have ended and left nothing behind, and return their ids."""
    made = []
    for _ in range(number):
        run = tenant.live(stream=stream)
        made.append(run.id)
        if values:
            with tenant.bench.store.write() as uow:
                uow.runs.change(run, **values)
    return made


def whole_why(tenant):
    """Return everything that is told of every version of every document, and of every entity."""
    versions = [(one["id"], at) for one in tenant.documents().values() for at in range(1, one["version"] + 1)]
    told = [tenant.bench.why.document(tenant.org, *one) for one in versions]
    return told + [tenant.bench.why.entity(tenant.org, "host", key) for key in tenant.hosts()]


def test_a_run_that_changed_nothing_goes_and_one_that_left_something_stays(bench, tenant, prune):
    """Whatever is told of a document, an entity and their past is told word for word as before."""
    told_of = [
        tenant.live(Say("1", "Ada"), stream="people"),
        tenant.live(Say("1", "Bea", time=SEEN), stream="people"),
        tenant.live(Say("1", "Old", time=SEEN - timedelta(days=9)), stream="people"),
        tenant.live(Say("2", "Bo"), stream="people"),
        tenant.live(Gone("2"), stream="people"),
        tenant.live(Say("2", "Bo"), stream="people"),
        tenant.live(Assert("sync", (host("a", os="linux"), host("b"))), stream="hosts"),
        tenant.live(Assert("write", (host("a", os="linux"),)), stream="hosts"),
    ]
    idle = [tenant.live(Say("1", "Bea", time=SEEN + timedelta(days=day)), stream="people") for day in range(1, 9)]
    idle += [tenant.live(Assert("sync", (host("a", os="linux"), host("b"))), stream="hosts") for _ in range(8)]
    before, state = whole_why(tenant), tenant.state()
    bench.clock.moment += LATER
    assert prune(events_days=0) == {"pages": 8, "runs": 6}
    latest = idle[3:8] + idle[11:]
    assert ids(tenant, "runs") == {run.id for run in told_of + latest}, "and the last five polls of each stream"
    assert whole_why(tenant) == before
    assert tenant.state() == state
    assert prune(events_days=0) == {}


def test_the_last_polls_of_a_stream_stay_in_each_state(tenant, bench, prune):
    """By them it is told when it succeeded last, however seldom it runs."""
    good, bad = ended(tenant, 7), ended(tenant, 3, state="failed")
    other = ended(tenant, 7, mode="webhook")
    bench.clock.moment += LATER
    assert prune() == {"runs": 2 + 7}
    assert ids(tenant, "runs") == {*good[2:], *bad}
    assert other


def test_a_run_goes_last_of_all_that_is_told_of_it(tenant, bench, prune, clock):
    """Its log, its receipt, its tick, its backfill and its recording go by their own times."""
    now = clock.now()
    tick = datetime(2026, 2, 3, tzinfo=UTC)
    backfill, receipt = new_uuid(), new_uuid()
    said, asked, recorded, pushed, ticked, _, plain = (
        ended(tenant, mode="webhook", receipt_id=receipt if number == 3 else None,
              backfill_id=backfill if number == 5 else None, scheduled_for=tick if number == 4 else None)[0]
        for number in range(7)
    )  # fmt: skip
    write(tenant, tables.run_logs, run_id=said, ordinal=1, at=now, level="info", message="m", fields={})
    write(tenant, tables.run_exchanges, run_id=asked, ordinal=1, at=now, method="GET", url="u", bytes=1, duration_ms=1)
    write(tenant, tables.run_recordings, run_id=recorded, ordinal=1, exchange=b"x")
    write(tenant, tables.receipts, id=receipt, stream="quiet", dedupe_key="k", received_at=now, headers={}, hidden=[],
          params={}, size=1, body=b"x", state="dead", run_id=pushed, processed_at=now)  # fmt: skip
    write(tenant, tables.ticks, stream="quiet", scheduled_for=tick, outcome="ran", run_id=ticked, decided_at=now)
    row = BackfillRow(
        tenant.org.id, tenant.connection.id, backfill, "quiet", "running", tick, now, "P1D", 1, 1, 1, now, now
    )
    with bench.store.write() as uow:
        uow.backfills.add(row)
    bench.clock.moment += LATER
    for_ever = {f"{kind}_days": 0 for kind in ("logs", "exchanges", "recordings", "ticks", "dead")}
    assert prune(**for_ever) == {"runs": 1}
    assert plain not in ids(tenant, "runs")
    with bench.store.write() as uow:
        uow.backfills.change(row, state="failed", finished_at=now)
    parts = {"receipts": 1, "ticks": 1, "logs": 1, "exchanges": 1, "recordings": 1, "backfills": 1}
    assert prune() == {**parts, "runs": 6}
    assert ids(tenant, "runs") == set()


def test_what_is_under_way_or_young_stays(tenant, bench, prune, clock):
    """However long ago it was queued; and nought keeps all runs."""
    ended(tenant, state="running", mode="webhook")
    ended(tenant, finished_at=clock.now() + timedelta(days=50), mode="webhook")
    (old,) = ended(tenant, mode="webhook")
    bench.clock.moment += LATER
    assert prune(runs_days=0) == {}
    assert prune() == {"runs": 1}
    assert old not in ids(tenant, "runs")


def test_a_plan_goes_with_what_observed_it_unless_it_was_applied(tenant, bench, prune):
    """`why` names the plan that a run carried out, and the run that had observed it."""
    applied, left = tenant.observe(Say("1")), tenant.observe(Say("2"))
    tenant.observe(Assert("sync", (host("a"),)))
    tenant.apply(applied)
    before = whole_why(tenant)
    for _ in range(5):
        tenant.observe(Say("3"))
    bench.clock.moment += timedelta(days=40)
    assert prune()["plans"] == 7
    assert ids(tenant, "plans") == {applied["id"]}
    assert left["id"] != applied["id"]
    bench.clock.moment += LATER
    assert prune() == {"runs": 2}
    assert whole_why(tenant) == before
    (told,) = before
    assert told["plan"]["observed_by"]["id"] in ids(tenant, "runs")
    assert [one["id"] for one in bench.runs.plans(tenant.org, limit=9, cursor=None).items] == [applied["id"]]


def test_a_run_of_which_a_sync_was_held_stays(tenant, bench, prune):
    """What is approved later is claimed in its name."""
    tenant.live(Assert("sync", tuple(host(str(at)) for at in range(30))), stream="hosts")
    held = tenant.live(Assert("sync", (host("0"),)), stream="hosts")
    assert held.counts["graph"]["held"] == 1
    for _ in range(6):
        tenant.live(Assert("sync", tuple(host(str(at)) for at in range(30))), stream="hosts")
    bench.clock.moment += LATER
    assert prune()["runs"] == 1
    assert held.id in ids(tenant, "runs")


@pytest.mark.parametrize("statement", [2, 4, 6])
def test_pruning_that_is_killed_is_done_by_the_next(tenant, bench, prune, statement):
    """Whatever was being deleted is there or gone as a whole, and nothing goes that should stay."""
    kept = {tenant.live(Say(str(number)), stream="people").id for number in range(3)}
    ended(tenant, 150, mode="webhook")
    for number in range(60):
        tenant.observe(Say(str(number)))
    for day in range(60):
        tenant.live(Say("1", time=SEEN + timedelta(days=day)), stream="people")
    before = whole_why(tenant)
    bench.clock.moment += LATER
    url = bench.store.engine.url.render_as_string(hide_password=False)
    words = [sys.executable, "-c", _KILLED, url, bench.clock.now().isoformat(), str(statement)]
    killed = subprocess.run(words, timeout=60, env={**os.environ}, check=False)
    assert killed.returncode == -signal.SIGKILL
    there = len(ids(tenant, "runs"))
    assert there > len(kept) + 10, "it was killed before the end"
    prune()
    assert len(ids(tenant, "runs")) == len(kept) + 5 + 5
    assert kept <= ids(tenant, "runs")
    assert ids(tenant, "plans") == set()
    assert whole_why(tenant) == before
    assert prune() == {}


_KILLED = """
import os, signal, sys
from datetime import datetime
from types import SimpleNamespace
import sqlalchemy as sa
from levada_runtime.foundation.config import RetentionSettings
from levada_runtime.store.engine import make_engine
from levada_runtime.store.unit_of_work import Store
from levada_runtime.work.retention import Pruner

url, now, last = sys.argv[1], datetime.fromisoformat(sys.argv[2]), int(sys.argv[3])
engine, done = make_engine(url), []

@sa.event.listens_for(engine, "after_cursor_execute")
def count(connection, cursor, statement, *rest):
    done.append(1) if statement.startswith("DELETE") else None
    if len(done) == last:
        os.kill(os.getpid(), signal.SIGKILL)

Pruner(Store(engine), SimpleNamespace(now=lambda: now), RetentionSettings(events_days=0)).prune(lambda _seconds: False)
"""


@pytest.mark.databases("sqlite")
def test_what_stays_for_ever_is_not_gone_over_each_time(bench, tenant, clock, store):
    """A pass begins where the last one ended, and looks at everything again once a day."""
    kept = [tenant.live(Say(str(number)), stream="people").id for number in range(120)]
    (held,) = ended(tenant, mode="webhook", stream="people")
    write(tenant, tables.run_logs, run_id=held, ordinal=1, at=clock.now() + LATER, level="info", message="m", fields={})
    bench.clock.moment += LATER
    looked, pruner = [], Pruner(store, clock, RetentionSettings(events_days=0))
    sa.event.listen(store.engine, "before_cursor_execute", lambda *told: looked.append(told[2]))

    def looks():
        looked.clear()
        pruner.prune(lambda _seconds: False)
        return sum("FROM runs" in one and " AS born" in one for one in looked)

    assert looks() == 2
    assert looks() == 1
    assert ids(tenant, "runs") == {*kept, held}
    with store.write() as uow:
        uow._connection.execute(sa.delete(tables.run_logs))
    bench.clock.moment += timedelta(hours=25)
    looks()
    assert ids(tenant, "runs") == set(kept)
