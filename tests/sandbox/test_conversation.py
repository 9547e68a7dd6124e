"""A child that has left the protocol's grammar: real children with unrestricted code, each frame of theirs well-formed.

The channel is who a child is: what its frames say of runs, streams and numbers moves nothing but its own call.
"""

import os
from pathlib import Path

import pytest

from levada.errors import BadRecord
from levada_runtime.sandbox.model import Limits
from levada_runtime.sandbox.protocol import (
    CHECKPOINT_BYTES,
    EmitFrame,
    EmitRecord,
    GraphFrame,
    ProtocolError,
    Refusal,
    SaveFrame,
)
from levada_runtime.sandbox.vetting import (
    CALL_BYTES,
    CALL_RECORDS,
    CHECKPOINTS_BYTES,
    DEPTH,
    PARTITIONS,
    Calls,
    mapping,
)

CHILD = """
import os, random, select
from levada_runtime.sandbox.protocol import *
from levada_runtime.sandbox.protocol import CREDIT
def frame(value):
    data = encode(value)
    while data:
        data = data[os.write(3, data):]
def hear():
    head = b""
    while len(head) < 4:
        head += os.read(3, 4 - len(head))
    size, body = int.from_bytes(head, "big"), b""
    while len(body) < size:
        body += os.read(3, size - len(body))
    return decode_host(body)
def emit(call=1, last=True, records=1, payload=b"{}", **changes):
    said = dict(stream="crime", document_type="customer", continue_on_error=True)
    said.update(changes)
    return EmitFrame(call=call, last=last, records=[EmitRecord(payload, "k")] * records, **said)
def graph(call=1, last=True):
    return GraphFrame(call, last, "sync", None, [], [])
def snapshot(step):
    return SnapshotFrame(step, None, [], [])
def save(values=b"{}", partition=""):
    return SaveFrame(partition, values)
def attack(ctx, report):
    %s
"""
QUIET = Limits(cpu_s=5, wall_s=8)

VIOLATIONS = {
    "a second word on the layers": "frame(Ready({'seccomp': 'off'}))",
    "a number that was used": "frame(emit(1)); hear(); frame(emit(1)); hear()",
    "numbers that go back": "frame(emit(7)); hear(); frame(emit(6)); hear()",
    "a number below one": "frame(emit(0)); hear()",
    "two calls at once": "frame(emit(1, last=False)); hear(); frame(emit(2)); hear()",
    "a call of another type": "frame(emit(1, last=False)); hear(); frame(emit(1, document_type='invoice')); hear()",
    "a checkpoint in the middle of a call": "frame(emit(1, last=False)); hear(); frame(save()); hear()",
    "the graph in the middle of a call": "frame(emit(1, last=False)); hear(); frame(graph()); hear()",
    "a snapshot in the middle of a call": "frame(emit(1, last=False)); hear(); frame(snapshot('open')); hear()",
    "a step that there is not": "frame(snapshot('leap')); hear()",
    "a batch of 1,001 records": "frame(emit(records=RECORDS + 1)); hear()",
    "a word of a child that was kept": "frame(Woken(b'x'))",
    "a result of two megabytes": "frame(Ended('done', result=b'\"' + b'x' * (2 << 20) + b'\"'))",
    "too weak, says a child that is not": "frame(Ended('weak')); os._exit(0)",
    "a log that goes on for ever": "[os.write(3, encode(LogFrame('info', '', b'{}')) * 8_000) for _ in range(18)]",
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_what_no_honest_child_says_is_a_violation(name, wall, told):
    """The frames are right one by one, and wrong after those before them."""
    outcome = wall.unrestricted(CHILD % VIOLATIONS[name], handlers=told, limits=QUIET)
    assert outcome.reason == "protocol_violation", outcome
    assert outcome.wall_s < 3


TALKS = {
    "two calls, one after the other": "frame(emit(1)); hear(); frame(emit(2)); hear(); report('heard')",
    "batches and the graph count for themselves": "frame(emit(1)); hear(); frame(graph(1)); hear(); report('heard')",
    "ten frames ahead": "[frame(emit(last=n > 8)) for n in range(10)]; [hear() for _ in range(10)]; report('heard')",
    "a request in the middle of a call": (
        "frame(emit(1, last=False)); hear(); frame(HttpFrame('GET', '/', [], [], None)); hear(); frame(emit(1)); "
        "hear(); report('heard')"
    ),
    "a checkpoint between calls": "frame(emit(1)); hear(); frame(save()); hear(); report('heard')",
}


@pytest.mark.parametrize("name", TALKS)
def test_what_an_honest_child_may_say_is_heard(name, wall, told):
    """The control of the violations: the same words in an order that is allowed."""
    outcome = wall.unrestricted(CHILD % TALKS[name], handlers=told, limits=QUIET)
    assert (outcome.reason, told.messages) == (None, ["heard"])


def test_what_could_wait_is_done_once_the_child_has_its_answer(wall, told):
    """The child works on meanwhile; it says no word before its answer is there."""
    done = []
    told.save = lambda _partition, _values: done.append("answered")
    told.afterwards = lambda: done.append("afterwards")
    told.log = lambda *_line: done.append("heard")
    code = CHILD % "frame(save()); hear(); frame(LogFrame('info', 'heard', b'{}')); frame(save()); hear()"
    assert wall.unrestricted(code, handlers=told, limits=QUIET).reason is None
    assert done == ["answered", "afterwards", "heard", "answered", "afterwards"]


def test_what_comes_after_the_last_word_is_never_heard(wall, told):
    """A child that said how it ended is not listened to; the run ended as it said."""
    code = CHILD % "frame(Ended('done')); frame(emit(1)); frame(LogFrame('info', 'too late', b'{}')); os._exit(0)"
    outcome = wall.unrestricted(code, handlers=told, limits=QUIET)
    assert outcome.reason is None
    assert (told.emitted, told.messages) == ([], [])


def test_a_call_without_an_end_is_never_answered_as_one(wall, told):
    """The child may end in the middle of a call: the host keeps no half of it waiting."""
    code = CHILD % "[(frame(emit(1, last=False)), hear()) for _ in range(3)]"
    outcome = wall.unrestricted(code, handlers=told, limits=QUIET)
    assert outcome.reason is None
    assert [frame.last for frame in told.emitted] == [False] * 3


def test_a_child_that_does_not_wait_for_answers_waits_for_them_all_the_same(wall, told):
    """Far out of the credit window the host takes one frame after another; what it holds are the kernel's buffers."""
    before, seen = _resident(), []
    told.emit = lambda _frame: seen.append(_resident())
    code = CHILD % "[frame(emit(last=False, payload=b'x' * (4 << 20))) for _ in range(15)]; [hear() for _ in range(15)]"
    outcome = wall.unrestricted(code, handlers=told, limits=QUIET)
    assert (outcome.reason, len(seen)) == (None, 15), outcome
    assert max(seen) - before < 24 << 20


@pytest.mark.parametrize(
    ("frame", "told_of"),
    [
        ("save(b'{\"a\":' + b'[' * 65 + b']' * 65 + b'}')", "nested more than 64 deep"),
        (f"save(b'{{\"a\":\"' + b'x' * {CHECKPOINT_BYTES} + b'\"}}')", "1 MiB are allowed"),
        ("save(b'{}', 'p' * 2000)", "up to 1000 characters"),
        ("save(b'{}', 'a\\x00')", "none of them U+0000"),
    ],
)
def test_what_an_author_can_bring_about_is_an_error_of_the_sdk(frame, told_of, wall, told):
    """It is raised in the route, and the run may go on."""
    code = CHILD % f"frame({frame}); report(hear().message); frame(save()); report(type(hear()).__name__)"
    outcome = wall.unrestricted(code, handlers=told, limits=QUIET)
    assert outcome.reason is None, outcome
    assert told_of in told.messages[0]
    assert told.messages[1] == "Done"
    assert told.saved == [("", {})]


FUZZ = """
    dice = random.Random(SEED)
    def word():
        return dice.choice(["", "crime", "customer", "x" * dice.randrange(40), "\\0", "GET", "/rows"])
    def blob():
        return dice.choice([b"", b"{}", b"[", os.urandom(dice.randrange(60)), b"[" * 500, b'{"a":' * 90])
    def record():
        return EmitRecord(dice.choice([None, blob()]), word(), source_time=dice.choice([None, word()]))
    makers = [
        lambda: EmitFrame(dice.randrange(5), dice.random() < 0.5, word(), word(), True, [record()] * dice.randrange(3)),
        lambda: GraphFrame(dice.randrange(5), dice.random() < 0.5, "sync", word(), [blob()], []),
        lambda: SnapshotFrame(dice.choice(["open", "add", "add", "keep", "drop"]), word(), [blob()], [blob()]),
        lambda: SaveFrame(word(), blob()),
        lambda: HttpFrame(word(), word(), [(word(), word())], [], None),
        lambda: LogFrame(word(), word(), blob()),
        lambda: RetireFrame(word(), word(), word(), None),
        lambda: Ended(dice.choice(["done", "exception", "weak"]), word(), word(), wait=dice.choice([None, -1e308])),
    ]
    def bent(data):
        data = bytearray(data)
        for _ in range(dice.randrange(3)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        return bytes(data[: dice.choice([len(data), len(data), dice.randrange(len(data) + 1)])])
    answers = select.poll()
    answers.register(3, select.POLLIN)
    for _ in range(30):
        data = encode(dice.choice(makers)())
        os.write(3, dice.choice([data, data, bent(data), os.urandom(dice.randrange(1, 30))]))
        if answers.poll(1):
            os.read(3, 1 << 16)
    os._exit(0)
"""
ENDS = {"protocol_violation", "connector_error", "crash", "timeout", None}


def test_a_child_that_says_anything_ends_its_own_run_and_nothing_else(wall, told):
    """A hundred children with dice: each ends for a reason of its own, and the next run is as if they had not been."""
    before = _descriptors()
    reasons = {}
    for seed in range(100):
        outcome = wall.unrestricted(
            CHILD % FUZZ.replace("SEED", str(seed)).strip(), handlers=told, limits=Limits(cpu_s=2, wall_s=2)
        )
        assert outcome.reason in ENDS, outcome
        reasons[outcome.reason] = reasons.get(outcome.reason, 0) + 1
    assert reasons["protocol_violation"] > 50
    assert _descriptors() == before
    assert wall.poll("log.info('undisturbed')", handlers=told).reason is None
    assert told.messages[-1] == "undisturbed"


def emitted(call=1, records=1, *, last=False, payload=b"{}"):
    return EmitFrame(call, last, "s", "t", True, [EmitRecord(payload, "k")] * records)  # noqa: FBT003 - a frame has no names.


def test_a_batch_is_refused_where_it_becomes_too_large():
    """What is on its way of a refused call is refused alike, and the next call begins anew."""
    calls = Calls()
    for _ in range(CALL_RECORDS // 1000):
        assert calls.take(emitted(records=1000)) is None
    with pytest.raises(BadRecord, match="at most 100,000 records and 64 MiB"):
        calls.take(emitted(records=1))
    refusal = Refusal("bad_record", "no")
    calls.refuse(emitted(), refusal)
    assert calls.take(emitted()) is refusal
    assert calls.take(emitted(last=True)) is refusal
    assert calls.take(emitted(call=2, last=True)) is None
    large = bytes(4 << 20)
    for _ in range(CALL_BYTES // len(large) - 1):
        assert calls.take(emitted(call=3, payload=large)) is None
    with pytest.raises(BadRecord):
        calls.take(emitted(call=3, payload=large))


@pytest.mark.parametrize("name", ["idempotency_key", "source_id", "source_time", "failure", "failure_path"])
def test_whatever_a_record_is_filled_with_counts(name):
    """Not its payload alone; and one wide character makes all of a text take four times its length."""
    for text, records in (("x" * 4_096, CALL_BYTES >> 12), ("\U0001f600" + "x" * 4_095, CALL_BYTES >> 14)):
        record = EmitRecord(None, **({"idempotency_key": None} | {name: text}))
        frame = EmitFrame(1, False, "s", "t", True, [record] * 1_000)  # noqa: FBT003 - a frame has no names.
        calls = Calls()
        for _ in range(records // 1_000):
            assert calls.take(frame) is None
        with pytest.raises(BadRecord, match="64 MiB"):
            calls.take(frame)


def test_a_run_saves_checkpoints_of_so_many_partitions():
    """An empty checkpoint has a name that is kept, too; those that are there already can be saved for ever."""
    calls = Calls()
    for number in range(PARTITIONS):
        calls.take(SaveFrame(f"{number:0>1000}", b"{}"))
    with pytest.raises(BadRecord, match="at most 10,000 partitions"):
        calls.take(SaveFrame("one more", b"{}"))
    calls.take(SaveFrame(f"{1:0>1000}", b'{"a":1}'))


def test_the_checkpoints_of_a_run_have_a_size_together():
    """A partition counts once, however often it is saved."""
    calls = Calls()
    for _ in range(40):
        calls.take(SaveFrame("", bytes(CHECKPOINT_BYTES)))
    for number in range(CHECKPOINTS_BYTES // CHECKPOINT_BYTES - 1):
        calls.take(SaveFrame(str(number), bytes(CHECKPOINT_BYTES)))
    with pytest.raises(BadRecord, match="more than 16 MiB"):
        calls.take(SaveFrame("one more", b"{}"))


def test_a_call_is_left_only_by_its_end():
    """Whatever else is said in the middle of one breaks the protocol."""
    for other in (GraphFrame(1, True, "sync", None, [], []), SaveFrame("", b"{}")):  # noqa: FBT003 - the same
        calls = Calls()
        calls.take(emitted())
        with pytest.raises(ProtocolError):
            calls.take(other)


@pytest.mark.parametrize("depth", [1, DEPTH - 1, DEPTH, 2 * DEPTH, 900])
def test_json_is_taken_as_deep_as_it_can_be_walked(depth):
    """Wide is not deep: many brackets beside one another are no matter."""
    data = b'{"a":' + b"[" * depth + b"]" * depth + b"}"
    assert (mapping(data) is not None) == (depth < DEPTH)
    assert mapping(b'{"a":[' + b",".join([b"[]"] * 1000) + b"]}") is not None


def _resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))
