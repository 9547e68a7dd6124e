"""The words spoken over the channel between a child and its host: typed msgpack, length-prefixed, capped.

The channel is the identity: a frame says what, never who. Whatever a connector wrote (log fields, checkpoint values)
travels as JSON bytes inside the frame, so that the decoder of the host builds nothing but the structures below.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final, Literal, NamedTuple, Protocol

import msgspec

FRAME_BYTES: Final = 8 << 20
ANSWER_BYTES: Final = 64 << 20
REPLY_BYTES: Final = 1 << 20
RECORDS: Final = 1_000
PARTS: Final = (150, 350, 500)
"""Records that a child hands over at once, in the first frames of a call and in all that follow: the host looks at some
while the child makes the next. It looks a little longer than the child makes, so that only the first is waited for."""
CREDIT: Final = 4
LINE_BYTES: Final = 8 << 10
LOG_BYTES: Final = 256 << 10
HEADER_BYTES: Final = 4
NAME: Final = 4_096
"""Characters of anything that names something: a key, a stream, a partition."""
CHECKPOINT_BYTES: Final = 1 << 20

Name = Annotated[str, msgspec.Meta(max_length=NAME)]
Headers = Annotated[list[tuple[str, str]], msgspec.Meta(max_length=10_000)]


class Frame(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True, tag=True, gc=False):
    """One message; the first element of its array is the name of its kind."""


class RunFrame(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """What the route may know of its run; times are ISO 8601."""

    id: str
    mode: str
    connection: str
    observing: bool
    attempt: int
    scheduled_for: str | None


class RequestFrame(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """The webhook that a route is given."""

    body: bytes
    headers: dict[str, str]
    params: dict[str, str]
    delivery_id: str | None


class WindowFrame(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """The slice of time that a backfill route is to fill; both moments are ISO 8601."""

    start: str
    end: str


class Start(Frame, tag="start", frozen=True):
    """Host to child, first and once: the sources and everything the call is about; `keep` says that more may follow."""

    action: str
    package: str
    attribute: str
    files: dict[str, bytes]
    libraries: dict[str, bytes]
    stream: str | None
    settings: bytes
    secrets: dict[str, str]
    checkpoint: bytes
    run: RunFrame | None
    now: str
    memory_bytes: int
    cpu_s: float
    minimum: str
    run_number: int
    request: RequestFrame | None = None
    keep: bool = False
    window: WindowFrame | None = None


class Again(Frame, tag="again", frozen=True):
    """Host to a child that was kept: what the next call is about; `word` is random, and only `Woken` repeats it."""

    action: str
    stream: str | None
    settings: bytes
    secrets: dict[str, str]
    checkpoint: bytes
    run: RunFrame | None
    now: str
    request: RequestFrame | None
    word: bytes


class Woken(Frame, tag="woken", frozen=True):
    """Child to host, first in every call but its first: the word of that call, which nothing said earlier can hold."""

    word: bytes


class Ready(Frame, tag="ready", frozen=True):
    """Child to host, before the first line of connector code: the states of the layers that were applied."""

    layers: Annotated[dict[str, str], msgspec.Meta(max_length=32)]


class EmitRecord(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    """One record: its payload as JSON bytes, or why there is none. `source_id_fixed`: given as a fixed string."""

    payload: bytes | None
    idempotency_key: Name | None
    source_id: Name | None = None
    source_time: Name | None = None
    source_id_fixed: bool = False
    failure: Name | None = None
    failure_message: Name | None = None
    failure_path: Name | None = None


class EmitFrame(Frame, tag="emit", frozen=True):
    """Up to 1,000 records of one `batch` call; `last` on its final frame, whose answer carries the results."""

    call: int
    last: bool
    stream: Name
    document_type: Name
    continue_on_error: bool
    records: Annotated[list[EmitRecord], msgspec.Meta(max_length=RECORDS)]


class RetireFrame(Frame, tag="retire", frozen=True):
    stream: Name
    document_type: Name
    idempotency_key: Name
    source_time: Name | None


class SaveFrame(Frame, tag="save", frozen=True):
    """A checkpoint: the whole new mapping of one partition, as JSON bytes."""

    partition: Name
    values: bytes


class GraphFrame(Frame, tag="graph", frozen=True):
    """Rows of one `graph.sync` or `graph.write`, each a JSON object; `last` on the call's final frame."""

    call: int
    last: bool
    op: Literal["sync", "write"]
    scope: Name | None
    entities: Annotated[list[bytes], msgspec.Meta(max_length=RECORDS)]
    relationships: Annotated[list[bytes], msgspec.Meta(max_length=RECORDS)]


class SnapshotFrame(Frame, tag="snapshot", frozen=True):
    """A step of a snapshot of the graph: it is opened, added to, and kept or dropped; each step is answered."""

    step: Literal["open", "add", "keep", "drop"]
    scope: Name | None
    entities: Annotated[list[bytes], msgspec.Meta(max_length=RECORDS)]
    relationships: Annotated[list[bytes], msgspec.Meta(max_length=RECORDS)]


class HttpFrame(Frame, tag="http", frozen=True):
    """A request for the broker; `url` is absolute, or a path for the first host of the manifest."""

    method: Name
    url: str
    params: Headers
    headers: Headers
    body: bytes | None


class LogFrame(Frame, tag="log", frozen=True):
    """One line of the run's log; never answered."""

    level: Name
    message: str
    fields: bytes


class Ended(Frame, tag="ended", frozen=True):
    """Child to host, last; `weak` means that the layers fell short of the minimum.

    `result` is the manifest of a connector that was described, or what a webhook's route replied, as JSON bytes.
    """

    kind: Literal["done", "exception", "policy", "memory", "weak"]
    code: Name | None = None
    message: str | None = None
    traceback: str | None = None
    retryable: bool = False
    wait: float | None = None
    result: bytes | None = None


class Done(Frame, tag="done", frozen=True):
    """Host to child: taken. Answers a frame that is not the last of its call, and a saved checkpoint."""


class RecordAnswer(NamedTuple):
    """What became of one record, and where in the call it stood. Ids that are numbers are spelt by whoever looks."""

    place: int
    outcome: Literal["created", "updated", "unchanged", "retired"]
    document_id: int | str | None
    version: int | str | None
    payload_hash: bytes | None
    idempotency_key: str | None
    source_id: str | None
    superseded: bool = False


class ErrorAnswer(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True, gc=False):
    path: str
    code: str
    message: str


class FailedAnswer(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """A record that was not taken, and why."""

    index: int
    reason: str
    message: str
    idempotency_key: str | None
    source_id: str | None
    errors: list[ErrorAnswer]


class Told(Protocol):
    """What became of a record: packed, it has the shape of `RecordAnswer`."""

    @property
    def outcome(self) -> str: ...


class EmitAnswer(msgspec.Struct, frozen=True):
    """What a handler answers a `batch` or `retire` call with; what all records share is said once.

    `records` are in the shape of `RecordAnswer`, their documents those of the connection with `connection_id`.
    `rejected` means that the call was all-or-nothing and nothing was taken: the child raises BatchRejected.
    """

    status: Literal["ingested", "observed"]
    provenance: dict[str, str | int | bool | None]
    records: Sequence[Told]
    failed: list[FailedAnswer] = []
    rejected: bool = False
    connection_id: int = 0


class Results(Frame, tag="results", frozen=True):
    """Host to child: an `EmitAnswer` whose records are packed once more; a child unpacks them only if it looks."""

    status: Literal["ingested", "observed"]
    provenance: dict[str, str | int | bool | None]
    imported: int
    created: int
    updated: int
    unchanged: int
    records: bytes
    failed: list[FailedAnswer]
    rejected: bool
    connection_id: int = 0


class GraphAnswer(Frame, tag="graphed", frozen=True):
    """What a call did to its source's claims: how many it created, updated, left unchanged and deleted.

    Of one that is held, what it would have done.
    """

    status: Literal["committing", "observed", "held"]
    entities: tuple[int, int, int, int]
    relationships: tuple[int, int, int, int]
    pending: int = 0
    """How many of its relationships wait for an end."""


class HttpAnswer(Frame, tag="response", frozen=True):
    status: int
    headers: Headers
    content: bytes
    url: str


class Refusal(Frame, tag="refusal", frozen=True):
    """Host to child: an SDK error, raised there from its code. `details` is JSON bytes."""

    code: str
    message: str
    wait: float | None = None
    details: bytes = b"null"


Asked = Start | Again
"""What opens a call in a child, its first or a later one."""
Question = EmitFrame | RetireFrame | GraphFrame | SnapshotFrame | SaveFrame | HttpFrame
"""What a child asks, and is answered."""
ChildFrame = Ready | Woken | Question | LogFrame | Ended
HostFrame = Start | Again | Done | Results | GraphAnswer | HttpAnswer | Refusal


class ProtocolError(Exception):
    """The other end sent something that is no frame."""


_encoder = msgspec.msgpack.Encoder()
_child_frames: msgspec.msgpack.Decoder[ChildFrame] = msgspec.msgpack.Decoder(ChildFrame)
_host_frames: msgspec.msgpack.Decoder[HostFrame] = msgspec.msgpack.Decoder(HostFrame)


def results(answer: EmitAnswer) -> Results:
    """Return the frame that carries a handler's answer."""
    outcomes = Counter([record.outcome for record in answer.records])
    return Results(
        status=answer.status,
        provenance=answer.provenance,
        imported=len(answer.records),
        created=outcomes["created"],
        updated=outcomes["updated"],
        unchanged=outcomes["unchanged"],
        records=_encoder.encode(answer.records),
        failed=answer.failed,
        rejected=answer.rejected,
        connection_id=answer.connection_id,
    )


def encode(frame: Frame) -> bytes:
    """Return the frame behind its length."""
    buffer = bytearray(HEADER_BYTES)
    _encoder.encode_into(frame, buffer, HEADER_BYTES)
    buffer[:HEADER_BYTES] = (len(buffer) - HEADER_BYTES).to_bytes(HEADER_BYTES, "big")
    return bytes(buffer)


def decode_child(body: bytes | bytearray | memoryview) -> ChildFrame:
    """Return what a child said, or raise ProtocolError. It is untrusted: nothing else may come out of here."""
    try:
        return _child_frames.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError, MemoryError) as error:
        raise ProtocolError(f"a frame of {len(body)} bytes does not decode: {error}") from None


def decode_host(body: bytes | bytearray | memoryview) -> HostFrame:
    return _host_frames.decode(body)


class FrameBuffer:
    """Cuts a byte stream into frames; memory grows with the bytes that arrived, never with what a header claims."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._held = bytearray()

    @property
    def held(self) -> int:
        """How many bytes wait to be taken."""
        return len(self._held)

    def feed(self, data: bytes) -> None:
        self._held += data

    def take(self) -> bytes | None:
        """Return the next whole frame, None when there is not one yet; raise ProtocolError when it claims too much."""
        held = self._held
        if len(held) < HEADER_BYTES:
            return None
        size = int.from_bytes(held[:HEADER_BYTES], "big")
        if size > self._cap:
            raise ProtocolError(f"a frame claims {size} bytes; the cap is {self._cap}")
        end = HEADER_BYTES + size
        if len(held) < end:
            return None
        with memoryview(held) as view:
            body = bytes(view[HEADER_BYTES:end])
        del held[:end]
        return body
