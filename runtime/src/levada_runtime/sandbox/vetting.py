"""What a child may say next: one call at a time, numbered upwards, within its caps, and JSON that is not too deep.

Each frame has been decoded and holds the types it should; here it is held against the frames before it. What an honest
author can bring about is a BadRecord, raised in the route; what only a tampered child can say is a ProtocolError.
"""

from collections.abc import Iterable
from typing import Any, Final

import orjson

from levada.errors import BadRecord
from levada_runtime.foundation.text import storable
from levada_runtime.sandbox.protocol import (
    CHECKPOINT_BYTES,
    ChildFrame,
    EmitFrame,
    EmitRecord,
    GraphFrame,
    HttpFrame,
    ProtocolError,
    Refusal,
    SaveFrame,
)

CALL_RECORDS: Final = 100_000
CALL_BYTES: Final = 64 << 20
CHECKPOINTS_BYTES: Final = 16 << 20
PARTITIONS: Final = 10_000
PARTITION_CHARACTERS: Final = 1_000
DEPTH: Final = 64
_WIDEST: Final = 4

Head = tuple[object, ...]
"""What all frames of one call have in common."""


class Calls:
    """The calls of one run: which one is open, how much it holds already, and which was refused half-way."""

    def __init__(self) -> None:
        self._open: Head | None = None
        self._refused: tuple[Head, Refusal] | None = None
        self._numbers: dict[type[ChildFrame], int] = {}
        self._records = 0
        self._bytes = 0
        self._checkpoints: dict[str, int] = {}
        self._saved_bytes = 0

    def take(self, frame: ChildFrame) -> Refusal | None:
        """Let a frame pass, or return the refusal that its call has been answered with already.

        Raises BadRecord when the call becomes too large, and ProtocolError when no honest child sends the frame.
        """
        if isinstance(frame, EmitFrame | GraphFrame):
            return self._part(frame)
        if isinstance(frame, HttpFrame):
            return None  # Also in the middle of a call: a record's key may be asked for as the record is handed over.
        self._refused = None
        if self._open is not None:
            raise ProtocolError("a child asked something else in the middle of a call")
        if isinstance(frame, SaveFrame):
            self._weigh(frame)
        return None

    def refuse(self, frame: ChildFrame, refusal: Refusal) -> None:
        """Note that the frame was refused, and with it what is on its way of the same call."""
        self._open = None
        if isinstance(frame, EmitFrame | GraphFrame) and not frame.last:
            self._refused = (_head(frame), refusal)

    def _part(self, frame: EmitFrame | GraphFrame) -> Refusal | None:
        head = _head(frame)
        if self._refused is not None and self._refused[0] == head:
            refusal = self._refused[1]
            self._refused = None if frame.last else self._refused
            return refusal
        self._refused = None
        if self._open is None:
            self._begin(frame)
        elif self._open != head:
            raise ProtocolError(f"a frame of another call came before call {self._open[1]} was ended")
        self._open = None if frame.last else head
        if isinstance(frame, EmitFrame):
            self._grow(frame)
        return None

    def _begin(self, frame: EmitFrame | GraphFrame) -> None:
        kind = type(frame)
        if frame.call <= self._numbers.get(kind, 0):
            raise ProtocolError(f"the number of call {frame.call} was used before")
        self._numbers[kind] = frame.call
        self._records = self._bytes = 0

    def _grow(self, frame: EmitFrame) -> None:
        self._records += len(frame.records)
        self._bytes += sum(map(_weight, frame.records))
        if self._records > CALL_RECORDS or self._bytes > CALL_BYTES:
            raise BadRecord(
                f"a batch takes at most {CALL_RECORDS:,} records and {CALL_BYTES >> 20} MiB: hand over less at once"
            )

    def _weigh(self, frame: SaveFrame) -> None:
        if len(frame.partition) > PARTITION_CHARACTERS or not storable(frame.partition):
            raise BadRecord(f"a partition's name has up to {PARTITION_CHARACTERS} characters, none of them U+0000")
        if len(frame.values) > CHECKPOINT_BYTES:
            raise BadRecord(f"a checkpoint takes {len(frame.values)} bytes; {CHECKPOINT_BYTES >> 20} MiB are allowed")
        total = self._saved_bytes + len(frame.values) - self._checkpoints.get(frame.partition, 0)
        if total > CHECKPOINTS_BYTES:
            raise BadRecord(f"the checkpoints of one run take more than {CHECKPOINTS_BYTES >> 20} MiB")
        if frame.partition not in self._checkpoints and len(self._checkpoints) >= PARTITIONS:
            raise BadRecord(f"one run saves checkpoints of at most {PARTITIONS:,} partitions")
        self._checkpoints[frame.partition] = len(frame.values)
        self._saved_bytes = total


def mapping(data: bytes) -> dict[str, Any] | None:
    """Return the JSON object that a frame holds, None when it is nested too deep; raise ProtocolError for all else."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ProtocolError(f"a frame holds what is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ProtocolError("a frame holds JSON that is no object")
    return value if is_shallow(value, data) else None


def is_shallow(value: object, data: bytes) -> bool:
    """Tell whether JSON is nested no deeper than `DEPTH`, so that nothing which walks it runs out of stack."""
    if data.count(b"[") + data.count(b"{") <= DEPTH:
        return True
    level: list[Any] = [value]
    for _ in range(DEPTH):
        level = [one for each in level for one in _inside(each) if isinstance(one, dict | list)]
        if not level:
            return True
    return False


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _head(frame: EmitFrame | GraphFrame) -> Head:
    if isinstance(frame, EmitFrame):
        return EmitFrame, frame.call, frame.stream, frame.document_type, frame.continue_on_error
    return GraphFrame, frame.call, frame.op, frame.scope


def _weight(record: EmitRecord) -> int:
    """Return what a record comes to in the host's memory."""
    size = len(record.payload or b"") + _width(record.idempotency_key)
    size += _width(record.source_id) + _width(record.source_time)
    if record.failure is None and record.failure_message is None and record.failure_path is None:
        return size
    return size + _width(record.failure) + _width(record.failure_message) + _width(record.failure_path)


def _width(text: str | None) -> int:
    """Return the bytes that a text takes; one wide character makes all of it wide."""
    if text is None:
        return 0
    return len(text) if text.isascii() else len(text) * _WIDEST
