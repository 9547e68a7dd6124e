"""Events that users send: durable, checked before any is kept, each key once for a day."""

import pytest

from levada_runtime.foundation.errors import UsageFailure
from levada_runtime.foundation.ids import read_event
from levada_runtime.pipeline.events import Intake
from levada_runtime.store.pipelines_model import PipelineRow
from levada_runtime.work.outbox import NO_CONNECTION
from levada_runtime.work.versions import UNDERSTOOD

ORG = 7


def event(**fields):
    return {"type": "user.signup", "payload": {"email": "alice@acme.co"}, **fields}


def kept(store, org_id=ORG):
    with store.read() as uow:
        return uow.events.between(org_id, NO_CONNECTION, 0, 1 << 62, 1000)


def test_events_are_kept_as_they_were_sent(store, clock):
    """Type, payload and time come back; whatever JSON the payload is."""
    payloads = [{"a": [1, None, "ü"]}, [1], "text", 3.5, None]
    events = [event(payload=payload, timestamp="2026-03-01T13:00:00.25+01:00") for payload in payloads]
    answer = Intake(store, clock).accept(ORG, events)
    rows = kept(store)
    assert answer == {"accepted": 5, "duplicates": 0, "ids": answer["ids"]}
    assert [read_event(one) for one in answer["ids"]] == [(NO_CONNECTION, row.id) for row in rows]
    assert [row.payload for row in rows] == payloads
    assert {(row.source, row.type, row.received_at) for row in rows} == {("sdk.event", "user.signup", clock.now())}
    assert {row.happened_at.isoformat() for row in rows} == {"2026-03-01T12:00:00.250000+00:00"}


def test_a_key_counts_once_for_a_day(store, clock):
    """Within one request and over several; a day later it is free again."""
    intake = Intake(store, clock)
    first = intake.accept(ORG, [event(idempotencyKey="a"), event(), event(idempotencyKey="a"), event()])
    assert (first["accepted"], first["duplicates"]) == (3, 1)
    assert first["ids"][0] == first["ids"][2]
    assert len(set(first["ids"])) == 3
    clock.pass_time(hours=23, minutes=59)
    again = intake.accept(ORG, [event(idempotencyKey="b"), event(idempotencyKey="a", type="other")])
    assert (again["accepted"], again["duplicates"], again["ids"][1]) == (1, 1, first["ids"][0])
    clock.pass_time(minutes=2)
    assert intake.accept(ORG, [event(idempotencyKey="a")])["accepted"] == 1
    assert len(kept(store)) == 5


def test_a_key_of_another_organisation_is_another_key(store, clock):
    """Nobody can find out what others sent, nor keep it from arriving."""
    intake = Intake(store, clock)
    mine = intake.accept(ORG, [event(idempotencyKey="a")])
    theirs = intake.accept(8, [event(idempotencyKey="a")])
    assert theirs["accepted"] == 1
    assert mine["ids"] != theirs["ids"]
    assert len(kept(store)) == len(kept(store, 8)) == 1


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ("text", "events[1]"),
        ({"payload": 1}, "events[1].type"),
        (event(type=""), "events[1].type"),
        (event(type=3), "events[1].type"),
        (event(type="a\x00"), "events[1].type"),
        ({"type": "a"}, "events[1].payload"),
        (event(payload={"a": ["\ud800"]}), "events[1].payload.a[0]"),
        (event(payload={"a\x00": 1}), "events[1].payload"),
        (event(idempotencyKey=""), "events[1].idempotencyKey"),
        (event(idempotencyKey="x" * 256), "events[1].idempotencyKey"),
        (event(timestamp="2026-03-01T12:00:00"), "events[1].timestamp"),
        (event(timestamp="yesterday"), "events[1].timestamp"),
        (event(timestamp=5), "events[1].timestamp"),
        (event(idempotency_key="a"), "events[1].idempotency_key"),
    ],
)
def test_one_event_that_is_wrong_refuses_them_all_by_its_index(store, clock, wrong, path):
    """Nothing of the request is kept."""
    with pytest.raises(UsageFailure) as refused:
        Intake(store, clock).accept(ORG, [event(), wrong])
    assert refused.value.code == "invalid_event"
    assert refused.value.details == {"path": path, "index": 1}
    assert kept(store) == []


@pytest.mark.parametrize("events", [None, {}, [], "text", [event()] * 501])
def test_a_list_of_one_to_five_hundred_is_taken(store, clock, events):
    """What is no such list is refused as a whole."""
    with pytest.raises(UsageFailure, match="events "):
        Intake(store, clock).accept(ORG, events)
    assert kept(store) == []


def test_five_hundred_events_are_one_piece_of_work_for_whoever_has_a_pipeline(store, clock):
    """Without a pipeline that is active there is nothing to do."""
    intake = Intake(store, clock)
    with store.write() as uow:
        uow.pipelines.add(PipelineRow(ORG, "p", "active", 1, clock.now(), clock.now()))
        uow.pipelines.add(PipelineRow(8, "p", "paused", 1, clock.now(), clock.now()))
    ids = [read_event(one)[1] for one in intake.accept(ORG, [event()] * 500)["ids"]]
    intake.accept(8, [event()])
    with store.read() as uow:
        (due,) = uow.work.due(clock.now(), 10, UNDERSTOOD)
        work = uow.work.get(due.id)
    assert (work.org_id, work.connection_id, work.kind, work.key) == (ORG, NO_CONNECTION, "pipeline", "events")
    assert work.payload == {"first": ids[0], "last": ids[-1]}
    assert ids == list(range(ids[0], ids[0] + 500))
