"""What a child that was tampered with cannot bring about in its host: failures, growth, other people's records."""

import pytest
from tests.sandbox.hosting import Host

from levada import BadRecord
from levada.contracts import CustomerPayload
from levada_runtime.contracts.validation import Invalid, validate
from levada_runtime.ingest import effects, page
from levada_runtime.runs import assertions, snapshots
from levada_runtime.sandbox.model import Abort
from levada_runtime.sandbox.protocol import (
    EmitFrame,
    EmitRecord,
    Ended,
    GraphFrame,
    ProtocolError,
    Ready,
    RetireFrame,
    SnapshotFrame,
    encode,
)

pytestmark = pytest.mark.databases("sqlite")
ADA = b'{"customer_id":"1","name":"Ada"}'


def said(*frames):
    return b"".join(map(encode, [Ready({"seccomp": "on"}), *frames, Ended("done")]))


def emitted(*records, call=1, stream="crime", document_type="customer"):
    return EmitFrame(
        call=call,
        last=True,
        stream=stream,
        document_type=document_type,
        continue_on_error=True,
        records=[one if isinstance(one, EmitRecord) else EmitRecord(one, f"k{at}") for at, one in enumerate(records)],
    )


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(emitted(ADA, stream="nobody's"), id="records of a stream that is not declared"),
        pytest.param(emitted(EmitRecord(ADA, "k", source_time="now")), id="a time that is none"),
        pytest.param(emitted(EmitRecord(ADA, "k", source_time="2026-01-01T00:00:00")), id="a time without its offset"),
        pytest.param(RetireFrame("nobody's", "customer", "k", None), id="a retirement in another stream"),
        pytest.param(RetireFrame("crime", "customer", "k", "now"), id="a retirement at no time"),
    ],
)
def test_what_the_sdk_never_sends_breaks_the_protocol(frame, store):
    """It ends the run as a violation of the connector's, not as a failure of the runtime's."""
    assert isinstance(Host(store).hold(said(frame)), ProtocolError)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(EmitRecord(ADA, "k" * 2_049), id="a key that no index holds"),
        pytest.param(EmitRecord(ADA, "k\x00"), id="a key that no database keeps"),
        pytest.param(EmitRecord(b"\xff\xfe", "k"), id="bytes that are no text"),
        pytest.param(EmitRecord(ADA, "k", source_time="0001-01-01T00:00:00+14:00"), id="a time before all years"),
        pytest.param(EmitRecord(ADA, "k", failure="x\x00" * 900, failure_message="y\x00"), id="a reason of its own"),
    ],
)
def test_a_record_that_cannot_be_kept_is_refused_alone(record, store):
    """It goes into quarantine, and the record beside it into the store."""
    host = Host(store)
    assert host.hold(said(emitted(record, ADA))) == Ended("done")
    assert (host.pager.run.counts["created"], host.pager.run.counts["failed"]) == (1, 1)


def test_a_check_hands_nothing_over(store):
    """Whatever its child says, a check of settings makes no document."""
    host = Host(store)
    assert host.hold(said(emitted(ADA)), checking=True) == Ended("done")
    with store.read() as uow:
        assert uow.documents.totals() == {}


@pytest.mark.parametrize(
    "payloads",
    [
        pytest.param([b'{"customer_id":"1"', b'"name":"Ada"}', ADA], id="two halves of one record"),
        pytest.param([ADA + b"," + ADA, ADA], id="two records in one"),
        pytest.param([b'{"customer_id":"1"', b'"name":"Ada"}', ADA + b"," + ADA + b",1"], id="both, and no record"),
        pytest.param([b"", ADA], id="nothing"),
        pytest.param([b"1],[1", ADA], id="an end and a beginning"),
    ],
)
def test_payloads_are_validated_one_by_one_where_together_they_would_be_others(payloads):
    """Records are joined to be parsed at once; what is no record by itself is none then, either."""
    alone = [isinstance(validate(CustomerPayload, [payload])[0], Invalid) for payload in payloads]
    assert [isinstance(one, Invalid) for one in validate(CustomerPayload, payloads)] == alone
    assert alone[0]


def test_refused_records_fill_a_page_as_others_do(store, monkeypatch):
    """A child that sends nothing but what is refused makes its host write it down, not hold it."""
    monkeypatch.setattr(page, "MAX_RECORDS", 20)
    host = Host(store)
    assert host.hold(said(*(emitted(*[b"{}"] * 15, call=number) for number in range(1, 9)))) == Ended("done")
    assert host.pager.run.pages >= 4
    assert host.pager.run.counts["failed"] == 120


def test_refused_records_fill_a_page_with_all_that_they_hold(store, monkeypatch):
    """Their names as much as their payloads."""
    monkeypatch.setattr(page, "MAX_BYTES", 20_000)
    record = EmitRecord(None, None, source_id="s" * 4_000, failure="not_json", failure_message="m")
    host = Host(store)
    assert host.hold(said(*(emitted(*[record] * 3, call=number) for number in range(1, 9)))) == Ended("done")
    assert host.pager.run.pages >= 4


@pytest.mark.parametrize("observing", [False, True])
def test_retirements_fill_a_page_as_records_do(observing, store, monkeypatch):
    """Of what is there or is not."""
    monkeypatch.setattr(page, "MAX_RECORDS", 20)
    monkeypatch.setattr(effects, "MAX_RECORDS", 50)
    host = Host(store, observing=observing)
    ended = host.hold(said(*(RetireFrame("crime", "customer", f"k{number}", None) for number in range(100))))
    assert isinstance(ended, Abort) if observing else host.pager.run.pages >= 4
    assert len(host.ingest.page.staged) < 22


def asserted(number, name="n"):
    row = b'{"entity_type":"host","entity_key":"%d","display_name":"%b"}' % (number, name.encode())
    return GraphFrame(number, True, "write", None, [row], [])  # noqa: FBT003 - a frame has no names.


def test_what_is_asserted_fills_a_page_by_its_size(store, monkeypatch):
    """Few rows may be as much as many."""
    monkeypatch.setattr(assertions, "PAGE_BYTES", 10_000)
    host = Host(store)
    assert host.hold(said(*(asserted(number, "n" * 3_000) for number in range(1, 20)))) == Ended("done")
    assert host.pager.run.pages >= 4


@pytest.mark.parametrize("limit", ["MAX_RECORDS", "MAX_BYTES"])
def test_an_observed_run_asserts_only_so_much(limit, store, monkeypatch):
    """The graph's part of a plan is held until the run ends, as the documents' is."""
    monkeypatch.setattr(assertions, "PAGE_ROWS", 20)
    monkeypatch.setattr(assertions, limit, 50)
    ended = Host(store, observing=True).hold(said(*(asserted(number) for number in range(1, 100))))
    assert isinstance(ended, Abort)
    assert ended.reason == "memory"


def step(name, count=0, text="t"):
    row = b'{"entity_type":"host","entity_key":"%d","display_name":"%b"}'
    return SnapshotFrame(name, None, [row % (number, text.encode()) for number in range(count)], [])


@pytest.mark.parametrize("name", ["add", "keep", "drop"])
def test_a_step_of_no_snapshot_is_a_violation(name, store):
    """An honest child opens it first."""
    with pytest.raises(ProtocolError, match="had not opened"):
        Host(store).handlers.snapshot(step(name))


def test_a_snapshot_that_was_refused_is_not_kept_whatever_a_child_says(store):
    """An honest child drops it."""
    host = Host(store)
    host.handlers.snapshot(step("open"))
    host.handlers.snapshot(step("add", 2))
    with pytest.raises(BadRecord, match="twice, and differs"):
        host.handlers.snapshot(step("add", 2, "other"))
    host.handlers.snapshot(step("add"))
    with pytest.raises(BadRecord, match="nothing of it is kept"):
        host.handlers.snapshot(step("keep"))
    assert not host.asserted.staged


def test_a_row_of_a_snapshot_that_is_none_is_a_violation(store):
    """An honest child has made it by the SDK."""
    host = Host(store)
    host.handlers.snapshot(step("open"))
    with pytest.raises(ProtocolError, match="no row of the graph"):
        host.handlers.snapshot(SnapshotFrame("add", None, [b'{"entity_type": 7}'], []))


@pytest.mark.parametrize(("limit", "most"), [("OBSERVED_ROWS", 50), ("MAX_BYTES", 5_000)])
def test_an_observed_snapshot_holds_only_so_much(limit, most, store, monkeypatch):
    """Nothing of it may be staged, so it is held until it is decided."""
    monkeypatch.setattr(snapshots, limit, most)
    host = Host(store, observing=True)
    host.handlers.snapshot(step("open"))
    with pytest.raises(Abort) as ended:
        host.handlers.snapshot(step("add", 60, "t" * 100))
    assert ended.value.reason == "memory"
    with store.read() as uow:
        assert not list(uow.graph_parts.of(host.pager.run.org_id, "snapshot/"))


@pytest.mark.parametrize("payload", [ADA, b"{}"])
def test_an_observed_run_holds_only_so_much(payload, store, monkeypatch):
    """What it would change has to be held until it ends; beyond that it ends for want of memory."""
    monkeypatch.setattr(page, "MAX_RECORDS", 20)
    monkeypatch.setattr(effects, "MAX_RECORDS", 50)
    host = Host(store, observing=True)
    ended = host.hold(said(*(emitted(*[payload] * 15, call=number) for number in range(1, 9))))
    assert isinstance(ended, Abort)
    assert ended.reason == "memory"


def test_a_call_that_is_never_ended_is_given_up_by_the_next(store):
    """What an ingest holds of unfinished calls is one call's."""
    host = Host(store)
    for number in range(1, 5):
        held = emitted(ADA, call=number)
        host.handlers.emit(EmitFrame(number, False, "crime", "customer", False, held.records))  # noqa: FBT003 - a frame
    assert len(host.ingest._calls) == 1
