"""What crosses the wall: answers reach the route, and nothing a child writes can hurt its host."""

import resource

import pytest

from levada_runtime.sandbox.model import Limits
from levada_runtime.sandbox.protocol import (
    FRAME_BYTES,
    PARTS,
    EmitFrame,
    EmitRecord,
    Ended,
    FrameBuffer,
    LogFrame,
    ProtocolError,
    decode_child,
    encode,
)

THING = """
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum

from levada import Record


class R(Record):
    x: int
    y: int = 0


@dataclass
class P:
    a: int
    b: object


class K(Enum):
    A = "a"


THING = {
    "d": Decimal("1.10"),
    "e": Decimal("1E+2"),
    "when": datetime(2026, 1, 2, 3, tzinfo=UTC),
    "day": date(2026, 1, 2),
    "row": R(x=1),
    "point": P(2, None),
    "kind": K.A,
    "deep": [(1, 2.5, None)],
    "counter": Counter("aa"),
}
"""
HEAD = "def rows(count):\n    return [{'id': str(n), 'name': 'Ada', 'none': None} for n in range(count)]\n"


def test_records_arrive_as_their_own_json_bytes(wall, told):
    """One frame of a small batch, with key and payload as the author gave them."""
    outcome = wall.poll(
        "result = ingest.batch('customer', rows(2), idempotency_key=lambda r: f'acme:{r[\"id\"]}')\n"
        "log.info(str(result.imported), ids=[r.document_id for r in result.results], status=result.status)",
        head=HEAD,
        handlers=told,
    )
    assert outcome.reason is None, outcome.message
    assert [record.payload for record in told.records] == [
        b'{"id":"0","name":"Ada","none":null}',
        b'{"id":"1","name":"Ada","none":null}',
    ]
    assert [record.idempotency_key for record in told.records] == ["acme:0", "acme:1"]
    assert told.lines == [("info", "2", {"ids": ["doc_0", "doc_1"], "status": "ingested"})]


def test_a_large_batch_is_several_frames_of_one_call(wall, told):
    """A part a frame, so that one is looked at while the next is made; the last is answered with the results of all."""
    outcome = wall.poll(
        "result = ingest.batch('customer', rows(1900), idempotency_key=lambda r: r['id'])\n"
        "log.info(f'{result.count} {result.results[1899].index} {len(result.results[-3:])}')",
        head=HEAD,
        handlers=told,
    )
    assert outcome.reason is None, outcome.message
    assert [len(frame.records) for frame in told.emitted] == [*PARTS, 500, 400]
    assert [frame.last for frame in told.emitted] == [False] * 4 + [True]
    assert {frame.call for frame in told.emitted} == {1}
    assert told.messages == ["1900 1899 3"]


def test_a_key_may_be_asked_for_at_the_source_while_records_are_handed_over(wall, told):
    """In the middle of a call, too: its answer is told apart from those to the frames before."""
    asks = "lambda r: str(http.get('/key').status) + r['id'] if int(r['id']) % 400 == 399 else r['id']"
    outcome = wall.poll(
        f"result = ingest.batch('customer', rows(1000), idempotency_key={asks})\nlog.info(f'{{result.count}}')",
        head=HEAD,
        handlers=told,
    )
    assert outcome.reason is None, outcome.message
    assert [one.idempotency_key for one in told.records if len(one.idempotency_key) > 3] == ["200399", "200799"]
    assert told.messages == ["1000"]


@pytest.mark.parametrize(
    "asks",
    ["checkpoint.save(page=1)", "ingest.canonical('customer', {}, idempotency_key='a')"],
    ids=["saves", "hands-over"],
)
def test_what_tells_a_key_can_neither_save_nor_hand_over(asks, wall, told):
    """It would be done in the middle of a call that is not decided yet: its record fails alone, and says why."""
    outcome = wall.poll(
        "def key(row):\n"
        f"    return {asks} if row['id'] == '1' else row['id']\n"
        "ingest.batch('customer', rows(3), idempotency_key=key, continue_on_error=True)",
        head=HEAD,
        handlers=told,
    )
    assert outcome.reason is None, outcome.message
    assert [one.failure for one in told.records] == [None, "idempotency_key_missing", None]
    assert "before or afterwards" in told.records[1].failure_message


def test_heavy_records_are_cut_into_frames_below_the_cap(wall, told):
    """Twenty megabytes in one batch cross in frames of at most eight; one record that never fits fails alone."""
    outcome = wall.poll(
        "heavy = [{'id': str(n), 'text': 'x' * (1 << 20)} for n in range(20)]\n"
        "heavy.append({'id': 'huge', 'text': 'x' * (9 << 20)})\n"
        "ingest.batch('customer', heavy, idempotency_key=lambda r: r['id'])",
        handlers=told,
    )
    assert outcome.reason is None, outcome.message
    assert len(told.records) == 21
    assert len(told.emitted) > 2
    assert told.records[20].failure == "payload_too_large"


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("float('nan')", "a.b"),
        ("[1, float('inf')]", "a.b[1]"),
        ("2**70", "a.b"),
        ("b'x'", "a.b"),
        ("{1}", "a.b"),
        ("'\\ud800'", "a.b"),
        ("Decimal('NaN')", "a.b"),
    ],
)
def test_what_is_not_json_fails_alone_with_its_path(value, path, wall, told):
    """The fast encoder writes NaN as null without a word; here it is a failed record, and the others are taken."""
    outcome = wall.poll(
        f"bad = {{'id': '2', 'a': {{'b': {value}}}}}\n"
        "ingest.batch('customer', [{'id': '1'}, bad], idempotency_key=lambda r: r['id'])",
        head="from decimal import Decimal",
        handlers=told,
    )
    assert outcome.reason is None, outcome.message
    good, bad = told.records
    assert (good.payload, good.failure) == (b'{"id":"1"}', None)
    assert (bad.payload, bad.failure, bad.failure_path) == (None, "not_json", path)


def test_the_fast_encoder_writes_what_the_sdk_writes(wall, told):
    """Dates, decimals, records, dataclasses and enums are spelled as the SDK's own encoder spells them."""
    outcome = wall.poll("ingest.batch('customer', [THING], idempotency_key='k')", head=THING, handlers=told)
    assert outcome.reason is None, outcome.message
    assert told.records[0].payload == (
        b'{"d":"1.10","e":"100","when":"2026-01-02T03:00:00+00:00","day":"2026-01-02","row":{"x":1},'
        b'"point":{"a":2,"b":null},"kind":"a","deep":[[1,2.5,null]],"counter":{"a":2}}'
    )


def test_checkpoints_and_requests_cross(wall, told):
    """The saved values are the whole new mapping; a request arrives as it was made."""
    outcome = wall.poll(
        "checkpoint.save(since=checkpoint.get('since') + 1)\ncheckpoint.partition(region='eu').save(page='b')\n"
        "response = http.get('/rows', params={'a': 1})\nlog.info(f'{response.status} {response.json}')",
        handlers=told,
        checkpoint={"": {"since": 1, "kept": True}},
    )
    assert outcome.reason is None, outcome.message
    assert told.saved == [("", {"since": 2, "kept": True}), ('{"region":"eu"}', {"page": "b"})]
    (request,) = told.requests
    assert (request.method, request.url, request.params) == ("GET", "/rows", [("a", "1")])
    assert told.messages == ["200 [{'id': 1}]"]


def test_the_log_is_capped(wall, told):
    """Eight KiB a line and 256 KiB a run, whatever a route writes."""
    outcome = wall.poll("for n in range(1000):\n    log.info('x' * 100_000)\nprint('y')", handlers=told)
    assert outcome.reason is None
    assert max(len(message) for message in told.messages) <= 8 * 1024 + 1
    assert sum(len(message) for message in told.messages) <= (256 + 16) * 1024
    assert "the rest is let go" in told.messages[-1]


def test_the_log_is_capped_for_unrestricted_code_too(wall, told):
    """The host counts for itself what a child writes past the port."""
    outcome = wall.unrestricted(FLOOD, handlers=told)
    assert outcome.reason is None, outcome.message
    assert sum(len(message) for message in told.messages) <= (256 + 16) * 1024


FLOOD = """
import os
from levada_runtime.sandbox.protocol import LogFrame, encode
def attack(ctx, report):
    for _ in range(2000):
        os.write(3, encode(LogFrame("info", "x" * 5000, b"{}")))
"""

GARBAGE = [
    pytest.param("os.write(3, b'\\xff\\xff\\xff\\xff')", id="a length of 4 GiB"),
    pytest.param("os.write(3, (9 << 20).to_bytes(4, 'big'))", id="a length over the cap"),
    pytest.param("os.write(3, (200000).to_bytes(4, 'big') + b'\\x91' * 200000)", id="arrays nested without end"),
    pytest.param("os.write(3, b'\\x00\\x00\\x00\\x01\\xc1')", id="no msgpack"),
    pytest.param("os.write(3, b'\\x00\\x00\\x00\\x00')", id="an empty frame"),
    pytest.param("os.write(3, b'[' * 200000 + b']' * 200000)", id="JSON instead"),
    pytest.param(
        """os.write(3, b'{"op":"emit","run":"other-run","records":[{"x":1}]}')""", id="a result of another run"
    ),
    pytest.param("frame(Ready({'seccomp': 'on'}))", id="a second word on the layers"),
    pytest.param("frame(SaveFrame('', b'[' * 100000))", id="a checkpoint of brackets"),
    pytest.param("frame(SaveFrame('', b'[1]'))", id="a checkpoint that is no object"),
    pytest.param("frame(LogFrame('info', 'x', b'nonsense'))", id="log fields that are no JSON"),
    pytest.param("frame(Start)", id="a frame of the host"),
    pytest.param(
        "frame(EmitFrame(1, True, 's', 't', True, [EmitRecord(b'{}', 'k')] * 1001))",
        id="more records than a frame may hold",
    ),
    pytest.param("[os.write(3, b'x' * (1 << 20)) for _ in range(200)]", id="a flood"),
]

ATTACK = """
import os
from levada_runtime.sandbox.protocol import *
from levada_runtime.sandbox.protocol import Start
def frame(value):
    if value is Start:
        value = Start("poll", "p", "a", {}, {}, None, b"", {}, b"", None, "", 1, 1.0, "L0", 1)
    os.write(3, encode(value))
def attack(ctx, report):
    %s
    import time
    time.sleep(20)
"""


@pytest.mark.parametrize("code", GARBAGE)
def test_what_is_no_frame_is_a_protocol_violation(code, wall, told):
    """The child is killed at once, and the host has not grown by what the child claimed."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = wall.unrestricted(ATTACK % code, handlers=told, limits=Limits(cpu_s=5, wall_s=8))
    assert outcome.reason == "protocol_violation", outcome
    assert outcome.wall_s < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10
    assert told.emitted == []


def test_a_frame_that_never_comes_ends_with_the_clock(wall, told):
    """A header without its body keeps nobody waiting longer than the run may take."""
    code = ATTACK % "os.write(3, (1 << 20).to_bytes(4, 'big') + b'x')"
    assert wall.unrestricted(code, handlers=told, limits=Limits(cpu_s=5, wall_s=0.5)).reason == "timeout"


def test_a_child_that_never_reads_cannot_hold_its_host(wall, told):
    """Answers nobody takes end with the clock as well."""
    code = ATTACK % "[frame(HttpFrame('GET', '/', [], [], None)) for _ in range(100000)]"
    from levada_runtime.sandbox.protocol import HttpAnswer

    told.http = lambda _request: HttpAnswer(200, [], b"x" * 100_000, "u")
    assert wall.unrestricted(code, handlers=told, limits=Limits(cpu_s=5, wall_s=1)).reason == "timeout"


def test_a_frame_comes_out_as_it_went_in():
    """Encoded, cut out of a stream of single bytes, decoded: the same value."""
    frames = [
        LogFrame("info", "hello", b"{}"),
        EmitFrame(
            1,
            last=True,
            stream="s",
            document_type="t",
            continue_on_error=False,
            records=[EmitRecord(b"{}", "k", source_time="2026-01-01T00:00:00Z")],
        ),
        Ended("done", result=b"x"),
    ]
    buffer = FrameBuffer(FRAME_BYTES)
    found = []
    for byte in b"".join(map(encode, frames)):
        buffer.feed(bytes([byte]))
        if (body := buffer.take()) is not None:
            found.append(decode_child(body))
    assert found == frames


def test_a_header_is_believed_only_up_to_the_cap():
    """Nothing is reserved for what a header claims."""
    buffer = FrameBuffer(16)
    buffer.feed((17).to_bytes(4, "big"))
    with pytest.raises(ProtocolError, match="a frame claims 17 bytes; the cap is 16"):
        buffer.take()
