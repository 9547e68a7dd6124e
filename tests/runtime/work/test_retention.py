"""What is old is forgotten a little at a time; what documents stand on never is, and no writer is kept waiting."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from levada_runtime.foundation.config import RetentionSettings
from levada_runtime.foundation.ids import row_id
from levada_runtime.store import tables
from levada_runtime.store.model import EventRow
from levada_runtime.work.retention import Pruner, cutoffs_at, next_size
from levada_runtime.work.service import new_work

ORG, ACME, OTHER = 1, 10, 20
OLD, DEAD, YOUNG = timedelta(days=31), timedelta(days=91), timedelta(days=29)


def at_once(_seconds):
    """Rest for no time at all."""
    return False


@pytest.fixture
def prune(store, clock):
    """Returns what prunes everything by some settings, and tells what is gone."""

    def prune(**settings):
        gone = Pruner(store, clock, RetentionSettings(**settings)).prune(at_once)
        return {kind: count for kind, count in gone.items() if count}

    return prune


def put(store, table, *rows):
    with store.write() as uow:
        for row in rows:
            uow._connection.execute(sa.insert(table).values(row))


def left(store, table, column="id", **same):
    with store.read() as uow:
        query = sa.select(table.c[column]).where(*(table.c[name] == value for name, value in same.items()))
        return sorted(uow._connection.execute(query).scalars())


def event(clock, age, connection=ACME, **more):
    given = {"source": "document.created", "type": "customer", "document_id": 1, "version": 1, **more}
    return EventRow(org_id=ORG, connection_id=connection, id=row_id(), received_at=clock.now() - age, **given)


def add_events(store, *rows):
    with store.write() as uow:
        uow.events.add(rows)


def test_events_go_when_they_are_old_and_turns_stay(store, clock, prune):
    """A turn is a part of its document's past: without it nobody could tell when it was gone."""
    first, turn = event(clock, DEAD), event(clock, DEAD, source="document.retired", version=3, previous=3)
    plain = event(clock, OLD, source="sdk.event", document_id=None, version=None)
    update = event(clock, OLD, source="document.updated", version=2, previous=1)
    young, elsewhere = event(clock, YOUNG), event(clock, OLD, connection=OTHER)
    add_events(store, first, turn, plain, update, young, elsewhere)
    assert prune() == {"events": 4}
    assert left(store, tables.events) == sorted([turn.id, young.id])
    assert prune() == {}


def test_an_event_that_a_pipeline_has_still_to_see_stays(store, clock, prune):
    """However long the pipelines stood still, nothing passes them by."""
    seen, waits, later = event(clock, DEAD), event(clock, DEAD), event(clock, DEAD)
    elsewhere = event(clock, DEAD, connection=OTHER)
    add_events(store, seen, waits, later, elsewhere)
    kept = new_work(
        org_id=ORG,
        connection_id=ACME,
        kind="pipeline",
        key="events",
        payload={"first": waits.id, "last": later.id},
        now=clock.now() - DEAD,
        max_attempts=9,
    )
    with store.write() as uow:
        uow.work.add(kept)
    assert prune() == {"events": 2}
    assert left(store, tables.events) == [waits.id, later.id]
    with store.write() as uow:
        uow.work.cancel(kept)
    assert prune() == {"events": 2, "work": 1}


def receipt(clock, number, state, age):
    processed = None if state == "received" else clock.now() - age
    return {
        "org_id": ORG,
        "connection_id": ACME,
        "id": f"r{number}",
        "stream": "s",
        "dedupe_key": f"k{number}",
        "received_at": clock.now() - age,
        "headers": {},
        "hidden": [],
        "params": {},
        "size": 1,
        "body": b"x",
        "state": state,
        "run_id": "run",
        "processed_at": processed,
    }


def test_a_receipt_goes_once_it_is_processed_a_dead_one_later_and_one_that_waits_never(store, clock, prune):
    """Nothing that was accepted is ever lost."""
    ages = [("received", DEAD), ("processed", OLD), ("dead", OLD), ("dead", DEAD), ("processed", YOUNG)]
    put(store, tables.receipts, *(receipt(clock, at, *one) for at, one in enumerate(ages)))
    assert prune() == {"receipts": 2}
    assert left(store, tables.receipts) == ["r0", "r2", "r4"]


def delivery(clock, number, state, age):
    return {
        "org_id": ORG,
        "connection_id": ACME,
        "id": number,
        "uid": f"d{number}",
        "event_id": number,
        "pipeline": "p",
        "pipeline_version": 1,
        "destination": 0,
        "destination_type": "log",
        "target": "t",
        "state": state,
        "attempts": 1,
        "spent": 1,
        "fields": {},
        "body": "{}",
        "created_at": clock.now() - age,
        "updated_at": clock.now() - age,
    }


def test_a_delivery_goes_with_its_attempts(store, clock, prune):
    """Delivered and dropped ones after the usual time, dead ones later, others never."""
    ages = [
        ("delivered", OLD),
        ("dropped", OLD),
        ("dead", OLD),
        ("dead", DEAD),
        ("retrying", DEAD),
        ("delivered", YOUNG),
    ]
    put(store, tables.deliveries, *(delivery(clock, at, *one) for at, one in enumerate(ages)))
    attempt = {"org_id": ORG, "connection_id": ACME, "ordinal": 1, "at": clock.now(), "latency_ms": 1}
    put(store, tables.delivery_attempts, *({**attempt, "delivery_id": at} for at in range(len(ages))))
    assert prune() == {"deliveries": 3}
    assert left(store, tables.deliveries) == [2, 4, 5]
    assert left(store, tables.delivery_attempts, "delivery_id") == [2, 4, 5]


def run_parts(clock, run, age, connection=ACME):
    key = {"org_id": ORG, "connection_id": connection, "run_id": run}
    moment = clock.now() - age
    log = {**key, "at": moment, "level": "info", "message": "m", "fields": {}}
    exchange = {**key, "at": moment, "method": "GET", "url": "u", "bytes": 1, "duration_ms": 1}
    row = {
        "org_id": ORG,
        "connection_id": connection,
        "id": run,
        "connector": "acme",
        "stream": "s",
        "mode": "poll",
        "observing": False,
        "state": "succeeded",
        "attempt": 1,
        "counts": {},
        "pages": 0,
        "http_requests": 0,
        "http_bytes": 0,
        "queued_at": moment,
        "finished_at": moment,
    }
    return row, log, exchange, {**key, "exchange": b"x" * 100}


def test_what_runs_said_and_asked_goes_before_the_runs(store, clock, prune):
    """A run itself is kept for longer, and one that a document stands on for ever."""
    for run, age in (("a", OLD), ("b", OLD), ("c", YOUNG)):
        row, log, exchange, recorded = run_parts(clock, run, age)
        put(store, tables.runs, row)
        for table, part in (
            (tables.run_logs, log),
            (tables.run_exchanges, exchange),
            (tables.run_recordings, recorded),
        ):
            put(store, table, *({**part, "ordinal": ordinal} for ordinal in range(3)))
    assert prune() == {"logs": 6, "exchanges": 6, "recordings": 6}
    assert left(store, tables.run_logs, "run_id") == ["c"] * 3
    assert left(store, tables.run_recordings, "run_id") == ["c"] * 3
    assert left(store, tables.runs) == ["a", "b", "c"]


def test_ticks_work_and_refused_records_go_too(store, clock, prune):
    """Each by its own time; a record that came again lately is not old, whenever it came first."""
    tick = {"org_id": ORG, "connection_id": ACME, "outcome": "ran", "decided_at": clock.now()}
    for age in (OLD, YOUNG):
        for stream in ("a", "b"):
            moment = clock.now() - age
            put(store, tables.ticks, {**tick, "stream": stream, "scheduled_for": moment, "decided_at": moment})
    for state, age in (("dead", DEAD), ("queued", DEAD), ("done", OLD), ("dead", OLD), ("done", YOUNG)):
        row = new_work(
            org_id=ORG, connection_id=ACME, kind="poll", key=f"{state}{age}", payload={}, now=clock.now() - age,
            max_attempts=1,
        )  # fmt: skip
        with store.write() as uow:
            uow.work.add(replace(row, state=state))
    refused = {
        "org_id": ORG, "connection_id": ACME, "stream": "s", "document_type": "t", "reason": "r", "message": "m",
        "errors": [], "state": "open", "times": 1, "run_id": "x", "first_seen_at": clock.now() - DEAD,
    }  # fmt: skip
    for number, age in enumerate((YOUNG, DEAD, OLD)):
        seen = clock.now() - age
        put(store, tables.quarantine, {**refused, "id": number, "fingerprint": b"%d" % number, "last_seen_at": seen})
    assert prune() == {"ticks": 2, "work": 2, "quarantine": 1}
    assert left(store, tables.quarantine) == [0, 2]


def test_a_held_sync_goes_once_it_was_decided_on_long_ago(store, clock, prune):
    """One that still waits stays, however old it is, and so do the rows it holds."""
    held = {
        "org_id": ORG, "source": "sync:crm", "sync_id": None, "run_id": None, "counts": {}, "reasons": [],
        "held_at": clock.now() - 2 * DEAD,
    }  # fmt: skip
    for name, state, age in (("1", "held", None), ("2", "discarded", DEAD), ("3", "approved", OLD)):
        put(store, tables.graph_held, {**held, "id": name, "state": state, "decided_at": age and clock.now() - age})
    put(
        store,
        tables.graph_parts,
        {"org_id": ORG, "of": "held/1", "ordinal": 0, "rows": b"", "kept_at": held["held_at"]},
    )
    assert prune() == {"held": 1}
    assert left(store, tables.graph_held) == ["1", "3"]
    assert left(store, tables.graph_parts, "of") == ["held/1"]


def test_each_time_is_the_operators_and_nought_is_for_ever(store, clock, prune):
    """What is not to go stays, and what is to go sooner goes."""
    add_events(store, event(clock, DEAD), event(clock, timedelta(days=2)), event(clock, timedelta(hours=2)))
    put(store, tables.receipts, receipt(clock, 1, "dead", DEAD), receipt(clock, 2, "processed", DEAD))
    assert prune(events_days=0, dead_days=0) == {"receipts": 1}
    assert prune(events_days=1, receipts_days=0) == {"events": 2, "receipts": 1}
    none = {name: 0 for name in RetentionSettings.model_fields if name.endswith("_days")}
    assert cutoffs_at(RetentionSettings(**none), clock.now()) == {}


def test_what_tells_a_repeat_is_kept_for_a_day_whatever_is_set(store, clock, prune):
    """An event or a webhook that is sent twice within the day is known, and taken once."""
    add_events(store, *(event(clock, timedelta(hours=age), source="sdk.event") for age in (30, 20, 1)))
    keys = [{"org_id": ORG, "key": f"k{age}", "event_id": age, "received_at": clock.now() - timedelta(hours=age)}
            for age in (1, 20, 30)]  # fmt: skip
    put(store, tables.event_keys, *keys)
    put(
        store,
        tables.receipts,
        *(receipt(clock, at, "processed", timedelta(hours=age)) for at, age in enumerate((30, 20, 1))),
    )
    assert prune(events_days=0.01, receipts_days=0.01) == {"events": 3, "event_keys": 1, "receipts": 1}
    assert left(store, tables.event_keys, "key") == ["k1", "k20"]


def test_a_line_is_gone_along_in_many_small_parts(store, clock, prune):
    """Whatever their number, and however many of them stay among them."""
    rows = [
        event(clock, OLD, version=2, previous=2) if number % 7 == 0 else event(clock, OLD) for number in range(1200)
    ]
    add_events(store, *rows, event(clock, YOUNG))
    assert prune() == {"events": 1200 - 172}
    assert len(left(store, tables.events)) == 173


def test_a_slow_part_is_followed_by_a_smaller_one():
    """And a quick one by a larger one, within bounds."""
    assert next_size(400, 0.2) == 200
    assert next_size(10, 9.0) == 10
    assert next_size(100, 0.001) == 200
    assert next_size(500, 0.001) == 500
    assert next_size(100, 0.04) == 100


def test_it_ends_at_once_when_told_to(store, clock):
    """A daemon that stops waits for one small transaction at most."""
    add_events(store, *(event(clock, OLD) for _ in range(300)))
    gone = Pruner(store, clock, RetentionSettings()).prune(lambda _seconds: True)
    assert gone["events"] == 50


def test_no_writer_waits_long_while_much_is_pruned(store, clock):
    """One that writes all the while waits for one small transaction at most, and gets most of the time."""
    add_events(store, *(event(clock, OLD, payload={"pad": "x" * 500}) for _ in range(20_000)))
    stop, gone, waits = threading.Event(), {}, []

    def prune():
        gone.update(Pruner(store, clock, RetentionSettings()).prune(stop.wait))
        stop.set()

    thread = threading.Thread(target=prune)
    thread.start()
    while not stop.is_set():
        began = time.monotonic()
        add_events(store, event(clock, YOUNG))
        waits.append(time.monotonic() - began)
        time.sleep(0.002)
    thread.join()
    assert gone["events"] == 20_000
    waits.sort()
    assert len(waits) > 100
    assert waits[len(waits) // 2] < 0.05
    assert waits[int(len(waits) * 0.99)] < 0.5
