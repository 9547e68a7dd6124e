"""The decoder of the host against anything: bytes, broken frames, frames of a stranger's making."""

import math
import tracemalloc

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levada_runtime.sandbox.protocol import (
    FRAME_BYTES,
    RECORDS,
    EmitFrame,
    EmitRecord,
    Ended,
    Frame,
    FrameBuffer,
    GraphFrame,
    HttpFrame,
    LogFrame,
    ProtocolError,
    Ready,
    RetireFrame,
    SaveFrame,
    SnapshotFrame,
    decode_child,
    encode,
)

VALID = [
    Ready({"seccomp": "on"}),
    EmitFrame(
        1,
        last=True,
        stream="s",
        document_type="t",
        continue_on_error=False,
        records=[EmitRecord(b"{}", "k"), EmitRecord(None, None, failure="not_json", failure_message="x")],
    ),
    RetireFrame("s", "t", "k", None),
    GraphFrame(1, last=True, op="sync", scope=None, entities=[b"{}"], relationships=[]),
    SnapshotFrame("add", scope="eu", entities=[b"{}"], relationships=[b"{}"]),
    SaveFrame("", b"{}"),
    HttpFrame("GET", "/rows", [("a", "b")], [("c", "d")], b"body"),
    LogFrame("info", "hello", b"{}"),
    Ended("exception", "code", "message", "traceback", retryable=True, wait=1.5, result=b"x"),
]
KINDS = [
    "ready",
    "woken",
    "emit",
    "retire",
    "graph",
    "snapshot",
    "save",
    "http",
    "log",
    "ended",
    "start",
    "done",
    "results",
    "",
]

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=8)
    | st.binary(max_size=8)
    | st.builds(msgspec.msgpack.Ext, st.integers(-128, 127), st.binary(max_size=12))
    | st.sampled_from(["\x00", "\N{PILE OF POO}", "../../etc/passwd"])
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4) | st.integers(0, 9), inner, max_size=4)
    ),
    max_leaves=12,
)
frames_of_anything = st.tuples(st.sampled_from(KINDS), st.lists(values, max_size=8)).map(lambda one: [one[0], *one[1]])


@st.composite
def broken_frames(draw):
    """Valid frames, laid one after another, then bent: bytes changed, cut out, doubled, put somewhere else."""
    data = bytearray(b"".join(map(encode, draw(st.lists(st.sampled_from(VALID), min_size=1, max_size=3)))))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["change", "cut", "double", "insert", "end"])):
            case "change" if at < len(data):
                data[at] = draw(st.integers(0, 255))
            case "cut":
                del data[at : at + draw(st.integers(1, 9))]
            case "double":
                data[at:at] = data[at : at + draw(st.integers(1, 30))]
            case "insert":
                data[at:at] = draw(st.binary(max_size=9))
            case _:
                del data[max(at, 1) :]
    return bytes(data)


def heard(data, chunk):
    """Return what a host makes of a stream of bytes that arrives in chunks: frames, then the error that ends it."""
    buffer, found = FrameBuffer(FRAME_BYTES), []
    for start in range(0, len(data), chunk):
        buffer.feed(data[start : start + chunk])
        assert buffer.held <= len(data)
        try:
            while (body := buffer.take()) is not None:
                found.append(decode_child(body))
        except ProtocolError as error:
            return [*found, error]
    return found


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400) | broken_frames(), st.integers(1, 64))
def test_a_stream_of_bytes_is_frames_and_then_an_error_at_most(data, chunk):
    """Nothing else comes out, whatever arrives, and it is the same however the bytes are cut."""
    found = heard(data, chunk)
    assert all(isinstance(one, Frame | ProtocolError) for one in found)
    assert not any(isinstance(one, ProtocolError) for one in found[:-1])
    again = heard(data, 1)
    assert [repr(one) for one in found] == [repr(one) for one in again]


@settings(max_examples=200, deadline=None)
@given(frames_of_anything | values)
def test_any_msgpack_is_a_frame_of_the_right_types_or_an_error(value):
    """What decodes says the same when it is encoded again; no type comes out that the protocol does not name."""
    body = msgspec.msgpack.encode(value)
    try:
        frame = decode_child(body)
    except ProtocolError:
        return
    assert type(frame).__module__ == "levada_runtime.sandbox.protocol"
    again = decode_child(encode(frame)[4:])
    assert msgspec.structs.asdict(again).keys() == msgspec.structs.asdict(frame).keys()
    assert repr(again) == repr(frame)


def test_the_frames_that_are_bent_are_frames_to_begin_with():
    """The control of the properties above: unbent they all decode, in chunks of any size."""
    data = b"".join(map(encode, VALID))
    assert heard(data, 7) == VALID
    assert heard(data, len(data)) == VALID


def packed(kind, *fields):
    return b"".join(
        [
            bytes([0x90 + 1 + len(fields)]),
            msgspec.msgpack.encode(kind),
            *(one if isinstance(one, bytes) else msgspec.msgpack.encode(one) for one in fields),
        ]
    )


def array(count, item):
    return b"\xdd" + count.to_bytes(4, "big") + item * count


def table(count, item):
    return b"\xdf" + count.to_bytes(4, "big") + item * count


def records_frame(records, call=1, last=True):
    return packed("emit", call, last, "s", "t", last, records)


MANY = 1_500_000
HUGE = {
    "a map of layers": packed("ready", table(MANY, b"\xa1a\xa1b")),
    "a list of records": records_frame(array(MANY, b"\x92\xc0\xa1k")),
    "one record too many": records_frame(array(RECORDS + 1, b"\x92\xc0\xa1k")),
    "a list of rows": packed("graph", 1, b"\xc3", "sync", None, array(MANY, b"\xc4\x00"), array(0, b"")),
    "a list of a snapshot's rows": packed("snapshot", "add", None, array(MANY, b"\xc4\x00"), array(0, b"")),
    "a list of parameters": packed("http", "GET", "/", array(MANY, b"\x92\xa1a\xa1b"), array(0, b""), None),
    "a list of headers": packed("http", "GET", "/", array(0, b""), array(MANY, b"\x92\xa1a\xa1b"), None),
    "a map where a string should be": packed("log", "info", table(MANY, b"\xa1a\xa1b"), b"\xc4\x00"),
    "an array in an array in an array": b"\x91" * MANY,
    "an array that claims four billion": b"\xdd\xff\xff\xff\xff",
    "a string that claims four billion": packed("log", "info", b"\xdb\xff\xff\xff\xff"),
    "a long name": packed("save", "p" * (1 << 20), b"\xc4\x00"),
    "half a surrogate pair": packed("log", "info", b"\xa3\xed\xa0\x80", b"\xc4\x00"),
    "a NaN for a number": records_frame(array(0, b""), call=math.nan),
    "a float for a number": records_frame(array(0, b""), call=1.5),
    "a number for a truth": records_frame(array(0, b""), last=1),
    "a time for a text": packed("log", "info", b"\xd6\xff\x00\x00\x00\x00", b"\xc4\x00"),
    "a field too many": packed("save", "", b"\xc4\x00", 1),
    "a field too few": packed("save", ""),
    "a kind that is none": packed("pickle", ""),
    "another way to end": packed("ended", "killed"),
}


@pytest.mark.parametrize("name", HUGE)
def test_what_is_no_frame_costs_the_host_next_to_nothing(name):
    """Counts are held against their caps before anything is built for them."""
    body = HUGE[name]
    assert len(body) < FRAME_BYTES
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError):
            decode_child(body)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20
