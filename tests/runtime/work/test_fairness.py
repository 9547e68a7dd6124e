"""Whose turn it is: classes of work, organisations side by side, and the worker that backfills leave to the others."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from levada_runtime.work.service import WorkQueue, new_work
from levada_runtime.work.versions import UNDERSTOOD

LEASE = timedelta(seconds=30)
CLASSES = ("backfill", "poll", "deliver", "pipeline", "webhook")


@pytest.fixture
def enter(store, clock):
    """Returns what enters a piece of work of an organisation, in a line of its own unless one is named."""

    def enter(org, kind="poll", key=None):
        row = new_work(
            org_id=org,
            connection_id=7,
            kind=kind,
            key=key or f"{kind}:{clock.now():%M%S%f}",
            payload={},
            now=clock.now(),
            max_attempts=3,
        )
        with store.write() as uow:
            uow.work.add(row)
        clock.pass_time(seconds=1)
        return row.id

    return enter


def claimed(store, tokens):
    with store.read() as uow:
        return [uow.work.get(work_id) for work_id, _ in tokens]


def test_what_somebody_waits_for_goes_first_and_backfills_last(store, clock, enter):
    """Webhooks, events, deliveries, polls, backfills, whichever came first."""
    for kind in CLASSES:
        enter(1, kind)
    queue = WorkQueue(store, clock, LEASE)
    order = [claimed(store, queue.claim_due(1, workers=9))[0].kind for _ in CLASSES]
    assert order == list(reversed(CLASSES))


def test_a_lasting_flood_of_webhooks_keeps_no_poll_waiting_for_more_than_a_minute(store, clock, enter):
    """What has been due for a minute goes first, the oldest of it; a backfill has time."""
    backfill, poll = enter(1, "backfill"), enter(1)
    flood = [enter(1, "webhook", key=f"webhook:{number}") for number in range(3)]
    queue = WorkQueue(store, clock, LEASE)
    assert [token[0] for token in queue.claim_due(1)] == flood[:1]
    clock.pass_time(seconds=56)
    assert [token[0] for token in queue.claim_due(1)] == [poll]
    clock.pass_time(hours=1)
    assert [token[0] for token in queue.claim_due(3, workers=9)] == [*flood[1:], backfill]


def test_an_organisation_with_little_to_do_does_not_stand_behind_one_with_much(store, clock, enter):
    """Who has less in flight is next, however long the other's line was there before."""
    for _ in range(8):
        enter(1)
    enter(2)
    enter(3)
    queue = WorkQueue(store, clock, LEASE)
    assert sorted(one.org_id for one in claimed(store, queue.claim_due(3))) == [1, 2, 3]
    assert [one.org_id for one in claimed(store, queue.claim_due(3))] == [1, 1, 1]


def test_no_organisation_has_more_in_flight_than_the_cap_and_the_rest_waits(store, clock, enter):
    """Also with several claimers at once; what ends makes room again."""
    for org in (1, 1, 1, 1, 2):
        enter(org)
    queues = [WorkQueue(store, clock, LEASE, per_org=2) for _ in range(4)]
    with ThreadPoolExecutor(len(queues)) as threads:
        tokens = [token for found in threads.map(lambda queue: queue.claim_due(4), queues) for token in found]
    tokens += queues[0].claim_due(4)
    assert Counter(one.org_id for one in claimed(store, tokens)) == {1: 2, 2: 1}
    assert queues[0].claim_due(4) == []
    first = next(one for one in claimed(store, tokens) if one.org_id == 1)
    with store.write() as uow:
        assert uow.work.complete(first.id, first.fence)
    assert [one.org_id for one in claimed(store, queues[1].claim_due(4))] == [1]


def test_backfills_leave_one_worker_to_everybody_else(store, clock, enter):
    """Of three workers two may be at backfills, and a poll that comes then finds the third."""
    for _ in range(4):
        enter(1, "backfill")
    queue = WorkQueue(store, clock, LEASE)
    assert [one.kind for one in claimed(store, queue.claim_due(3, workers=3))] == ["backfill", "backfill"]
    assert queue.claim_due(1, workers=3) == []
    poll = enter(1)
    assert queue.claim_due(1, workers=3) == [(poll, 1)]


def test_a_worker_that_is_alone_carries_out_backfills_too_when_nothing_else_is_due(store, clock, enter):
    """Otherwise they would never come to an end there."""
    backfill = enter(1, "backfill")
    poll = enter(1)
    queue = WorkQueue(store, clock, LEASE)
    assert queue.claim_due(1, workers=1) == [(poll, 1)]
    assert queue.claim_due(1, workers=1) == [(backfill, 1)]


def test_a_long_line_is_walked_past_and_each_line_offers_its_oldest(store, clock):
    """Only heads are offered, of every connection and organisation, whatever stands behind them."""
    heads = set()
    with store.write() as uow:
        for org, connection_id, key in ((1, 1, "a"), (1, 1, "b"), (1, 2, "a"), (2, 1, "a"), (2, 9, "z"), (9, 1, "")):
            rows = [
                new_work(
                    org_id=org,
                    connection_id=connection_id,
                    kind="poll",
                    key=key,
                    payload={},
                    now=clock.now(),
                    max_attempts=1,
                )
                for _ in range(40)
            ]
            for row in rows:
                uow.work.add(row)
            heads.add(rows[0].id)
    with store.read() as uow:
        assert {one.id for one in uow.work.due(clock.now(), 99, UNDERSTOOD)} == heads
        assert len(uow.work.due(clock.now(), 1, UNDERSTOOD)) == 3
        (waiting,) = uow.work.waiting(clock.now(), UNDERSTOOD)
    assert (waiting.kind, waiting.lines, waiting.oldest_at) == ("poll", 6, clock.now())
    ids = {work_id for work_id, _ in WorkQueue(store, clock, LEASE).claim_due(99)}
    assert ids == heads


@pytest.mark.parametrize("analysed", [False, True], ids=["never-analysed", "analysed-when-all-was-done"])
def test_the_heads_are_found_by_their_index_whatever_is_known_of_the_table(store, clock, analysed):
    """Ten thousand lines must not be compared with each other: that took PostgreSQL most of a minute a claim."""
    if analysed:
        fill(store, clock, 400, state="done")
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE work")
    fill(store, clock, 600)
    asked = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
    with store.read() as uow:
        name = uow._connection.dialect.name
        assert len(uow.work.due(clock.now(), 2, UNDERSTOOD)) == 2
        statement, values = asked[-1]
        word = "EXPLAIN QUERY PLAN" if name == "sqlite" else "EXPLAIN"
        plan = [row[-1] for row in uow._connection.exec_driver_sql(f"{word} {statement}", values)]
    by_line = {
        "sqlite": "ix_work_head (org_id=? AND connection_id=? AND key=?)",
        "postgresql": "Index Cond: (ROW(org_id, ",
    }
    assert any(by_line[name] in line for line in plan), plan
    assert any("ix_work_head" in line for line in plan), plan
    assert any("ix_work_due" in line for line in plan), plan
    assert not any("Seq Scan on work" in line for line in plan), plan


def fill(store, clock, count, **changes):
    """Enter that many pieces of work, each in a line of its own."""
    with store.write() as uow:
        for number in range(count):
            row = new_work(
                org_id=1,
                connection_id=number % 3,
                kind="poll",
                key=f"k{number}",
                payload={},
                now=clock.now(),
                max_attempts=1,
            )
            uow.work.add(replace(row, **changes))
