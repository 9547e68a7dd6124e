"""A run's own handlers, on real stores, against a child that says whatever it likes in frames that are well-formed."""

import msgspec
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sandbox.hosting import NOWHERE, Host

from levada_runtime.sandbox.protocol import (
    EmitFrame,
    EmitRecord,
    Ended,
    GraphFrame,
    HttpFrame,
    LogFrame,
    ProtocolError,
    Ready,
    RetireFrame,
    SaveFrame,
    encode,
)

ODD_WORD = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(1_300))
"""Long, and nothing that a database could pack together."""

odd = st.text(max_size=12) | st.sampled_from(
    ["", "\x00", "k\x00", "k" * 2_049, ODD_WORD, "\N{PILE OF POO}" * 600, "a", "-", "../..", "=cmd()", "\u202e", "{}"]
)
times = st.none() | st.sampled_from(
    [
        "2026-01-01T00:00:00+00:00",
        "2026-01-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "now",
        "",
        "2026-01-01T00:00:00",
    ]
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.sampled_from(["\x00", 2**70, 1e308]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def spelt(value):
    """Return a value as JSON; the digits of large numbers are kept, unlike in orjson."""
    import json

    return json.dumps(value).encode()


bytes_of_json = json_values.map(spelt) | st.sampled_from(
    [
        b"",
        b"[",
        b"\xff\xfe",
        b'{"customer_id":"1"',
        b'"name":"x"}',
        b'{"customer_id":"1"},{"customer_id":"2"}',
        b'{"customer_id":"1","name":"Ada","metadata":' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"customer_id":"1","name":"Ada","metadata":{"a":' + b"[" * 150 + b"]" * 150 + b"}}",
        b'{"customer_id":"1","name":"Ada","metadata":{"a":' + b"9" * 5_000 + b"}}",
        b'{"customer_id":"1","name":"Ada","metadata":{"a":1e400}}',
        b'{"customer_id":"1","name":"Ada","metadata":{"a":"\\u0000\\ud800"}}',
        b'{"customer_id":"1","name":"Ada","balance":"' + b"1" * 5_000 + b'"}',
        b'{"customer_id":"1","name":"Ada","balance":"1e999999"}',
        b'{"customer_id":"1","name":"Ada","created_at":"0001-01-01T00:00:00+14:00"}',
        b'{"customer_id":"1\\u0000"}',
        b'{"customer_id":"' + b"k" * 5_000 + b'"}',
        b'{"customer_id":"1","name":"Ada","name":"\\u0000"}',
        b'{"customer_id":"1","name":"Ada","customer_id":"2"}',
        b'{"customer_id":"1","name":"Ada"}',
    ]
)
objects = st.dictionaries(st.text(max_size=4), json_values, max_size=3).map(spelt) | st.sampled_from(
    [b'{"a":' + b"[" * depth + b"]" * depth + b"}" for depth in (60, 65, 250, 900)]
)
records = st.builds(
    EmitRecord,
    payload=st.none() | bytes_of_json,
    idempotency_key=st.none() | odd,
    source_id=st.none() | odd,
    source_time=times,
    source_id_fixed=st.booleans(),
    failure=st.none() | odd,
    failure_message=st.none() | odd,
    failure_path=st.none() | odd,
)
streams = st.sampled_from(["crime"] * 8 + ["other", "", "\x00"])
document_types = st.sampled_from(["customer"] * 8 + ["invoice", "", "\x00", "t" * 4_000, ODD_WORD])
entity = {"entity_type": "user", "entity_key": "1", "display_name": "Ada", "properties": {}}
rows = objects | st.builds(
    lambda changes: spelt({**entity, **changes}),
    st.fixed_dictionaries(
        {},
        optional={
            "entity_type": odd,
            "entity_key": odd,
            "entity_class": odd,
            "display_name": odd,
            "properties": st.dictionaries(odd, json_values, max_size=2),
        },
    ),
)
frames = st.one_of(
    st.builds(
        EmitFrame,
        call=st.integers(-1, 6),
        last=st.booleans(),
        stream=streams,
        document_type=document_types,
        continue_on_error=st.booleans(),
        records=st.lists(records, max_size=4),
    ),
    st.builds(RetireFrame, stream=streams, document_type=document_types, idempotency_key=odd, source_time=times),
    st.builds(
        GraphFrame,
        call=st.integers(-1, 6),
        last=st.booleans(),
        op=st.sampled_from(["sync", "write"]),
        scope=st.none() | odd,
        entities=st.lists(rows, max_size=3),
        relationships=st.lists(rows, max_size=2),
    ),
    st.builds(SaveFrame, partition=odd, values=objects),
    st.builds(
        HttpFrame,
        method=st.sampled_from(["GET", "POST", "get", "", "GET /\r\nx: y", "CONNECT", "\x00"]),
        url=st.sampled_from(["/rows", f"http://{NOWHERE}/x", "//", "http://[", "https://a@b", "file:///", "\x00"])
        | st.text(max_size=9),
        params=st.lists(st.tuples(odd, odd), max_size=2),
        headers=st.lists(st.tuples(odd, odd), max_size=2),
        body=st.none() | st.binary(max_size=5),
    ),
    st.builds(LogFrame, level=odd, message=odd, fields=objects),
    st.just(Ready({"seccomp": "on"})),
)


@st.composite
def talks(draw):
    """Frames whose calls are mostly numbered and ended as they should be, so that most of a talk is heard."""
    said = []
    for number, frame in enumerate(draw(st.lists(frames, min_size=1, max_size=8)), 1):
        if isinstance(frame, EmitFrame | GraphFrame) and draw(st.integers(0, 9)):
            said.append(msgspec.structs.replace(frame, call=number, last=True))
        else:
            said.append(frame)
    return said


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(talk=talks())
def test_whatever_a_child_says_is_answered_refused_or_a_violation(talk, store):
    """No frame is the runtime's own failure, and what was taken can be committed and read again."""
    host = Host(store)
    ended = host.hold(b"".join(map(encode, [*talk, Ended("done")])))
    assert isinstance(ended, Ended | ProtocolError), ended
    with store.read() as uow:
        uow.runs.get(1, host.run_id)
        orjson.dumps([list(map(str, uow.checkpoints.of(1, 2, "crime")))])


@pytest.mark.databases("sqlite")
def test_the_talk_of_an_honest_child_is_taken(store):
    """The control of the property above: what is well meant goes into the store."""
    host = Host(store)
    honest = [
        Ready({"seccomp": "on"}),
        EmitFrame(1, True, "crime", "customer", True, [EmitRecord(b'{"customer_id":"1","name":"Ada"}', "k")]),  # noqa: FBT003 - a frame has no names.
        SaveFrame("", b'{"since":1}'),
        Ended("done"),
    ]
    assert host.hold(b"".join(map(encode, honest))) == Ended("done")
    with store.read() as uow:
        assert uow.documents.totals() == {"customer": 1}
        assert uow.checkpoints.of(1, 2, "crime") == {"": {"since": 1}}
