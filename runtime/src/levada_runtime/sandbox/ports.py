"""What the SDK's fronts stand on in a child: each port turns a call into frames and an answer back into values."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, repeat
from typing import Any, Final, Literal

import orjson

from levada._encoding import encode_json
from levada._graph import GraphBatch, SnapshotStep, SyncResult, WriteResult
from levada._http import HttpRequest, Response
from levada._ingest import BatchResult, Draft, IngestResult
from levada._run import plain_fields
from levada.errors import BadRecord, BatchRejected, LevadaError, error_for
from levada_runtime.sandbox.channel import ChildChannel
from levada_runtime.sandbox.endings import MEMORY_STATUS
from levada_runtime.sandbox.protocol import (
    CREDIT,
    FRAME_BYTES,
    LINE_BYTES,
    LOG_BYTES,
    NAME,
    PARTS,
    RECORDS,
    EmitFrame,
    EmitRecord,
    Frame,
    GraphAnswer,
    GraphFrame,
    HostFrame,
    HttpAnswer,
    HttpFrame,
    LogFrame,
    Refusal,
    Results,
    RetireFrame,
    SaveFrame,
    SnapshotFrame,
)
from levada_runtime.sandbox.results import LazyResults, batch_result, failed_records

_ROOM: Final = FRAME_BYTES - (1 << 20)
_OVERHEAD: Final = 64


class Questions:
    """Asks the host one thing after another; what it refuses is raised as the SDK error it names."""

    def __init__(self, channel: ChildChannel) -> None:
        self._channel = channel

    def ask(self, frame: Frame) -> HostFrame:
        answer = self._channel.ask(frame)
        if isinstance(answer, Refusal):
            raise refusal(answer)
        return answer


class WireIngest:
    """`IngestPort` over the channel: at most four frames ahead of the host, all answered before a call returns."""

    def __init__(self, channel: ChildChannel) -> None:
        self._channel = channel
        self._questions = Questions(channel)
        self._calls = 0

    def emit(self, stream: str, document_type: str, drafts: Iterable[Draft], *, continue_on_error: bool) -> BatchResult:
        try:
            with self._channel.handing_over:
                answer = self._said(stream, document_type, drafts, continue_on_error=continue_on_error)
        except MemoryError:
            # Half a call is said, and nothing that followed would be understood.
            os._exit(MEMORY_STATUS)
        if isinstance(answer, Refusal):
            raise refusal(answer)
        assert isinstance(answer, Results)
        if answer.rejected:
            raise BatchRejected(failed_records(answer, document_type))
        return batch_result(answer, document_type)

    def _said(
        self, stream: str, document_type: str, drafts: Iterable[Draft], *, continue_on_error: bool
    ) -> HostFrame | None:
        """Say the frames of a call, and return the last answer, or the first that refuses it."""
        self._calls += 1
        waiting = 0
        answer: HostFrame | None = None
        for records, last in _frames(drafts):
            self._channel.put(EmitFrame(self._calls, last, stream, document_type, continue_on_error, records))
            waiting += 1
            if waiting == CREDIT and not last:
                waiting -= 1
                answer = self._channel.answer()
                if isinstance(answer, Refusal):
                    break
        for _ in range(waiting):
            following = self._channel.answer()
            answer = answer if isinstance(answer, Refusal) else following
        return answer

    def retire(
        self, stream: str, document_type: str, *, idempotency_key: str, source_time: datetime | None
    ) -> IngestResult:
        moment = source_time.isoformat() if source_time else None
        answer = self._questions.ask(RetireFrame(stream, document_type, idempotency_key, moment))
        assert isinstance(answer, Results)
        return LazyResults(answer, document_type)[0]


class WireGraph(Questions):
    """`GraphPort` over the channel: a call's frames one after another, each answered before the next."""

    def __init__(self, channel: ChildChannel) -> None:
        super().__init__(channel)
        self._calls = 0

    def sync(self, batch: GraphBatch, *, scope: str | None) -> SyncResult:
        answer = self._asked("sync", batch, scope)
        status: Literal["synced", "observed", "held"] = "synced" if answer.status == "committing" else answer.status
        return SyncResult(status, *answer.entities, *answer.relationships, answer.pending)

    def write(self, batch: GraphBatch) -> WriteResult:
        answer = self._asked("write", batch, None)
        status: Literal["written", "observed"] = "observed" if answer.status == "observed" else "written"
        return WriteResult(status, len(batch.entities), len(batch.relationships))

    def snapshot(self, step: SnapshotStep, batch: GraphBatch, *, scope: str | None) -> None:
        frames = [*_cut("entities", batch.entities), *_cut("relationships", batch.relationships)]
        for kind, rows in frames or [("entities", [])]:
            self.ask(SnapshotFrame(step, scope, *((rows, []) if kind == "entities" else ([], rows))))

    def _asked(self, op: Literal["sync", "write"], batch: GraphBatch, scope: str | None) -> GraphAnswer:
        self._calls += 1
        frames = [*_cut("entities", batch.entities), *_cut("relationships", batch.relationships)]
        answer: HostFrame | None = None
        for number, (kind, rows) in enumerate(frames or [("entities", [])], 1):
            of_kind = (rows, []) if kind == "entities" else ([], rows)
            answer = self.ask(GraphFrame(self._calls, number >= len(frames), op, scope, *of_kind))
        assert isinstance(answer, GraphAnswer)
        return answer


class WireCheckpoint(Questions):
    """What `RouteCheckpoint` saves through."""

    def save(self, partition: str, values: Mapping[str, Any]) -> None:
        self.ask(SaveFrame(partition, encode_json(dict(values))))


class WireHttp(Questions):
    """What `RouteHttp` sends through."""

    def send(self, request: HttpRequest) -> Response:
        answer = self.ask(
            HttpFrame(
                request.method,
                request.url,
                [(str(name), str(value)) for name, value in request.params],
                [(str(name), str(value)) for name, value in request.headers],
                request.body,
            )
        )
        assert isinstance(answer, HttpAnswer)
        return Response(status=answer.status, headers=dict(answer.headers), content=answer.content, url=answer.url)


class Lines:
    """What `RouteLog` and `print` write through: up to 8 KiB a line and 256 KiB a run, then silence."""

    def __init__(self, channel: ChildChannel) -> None:
        self._channel = channel
        self._written = 0

    def write(self, level: str, message: object, fields: Mapping[str, Any]) -> None:
        if self._written > LOG_BYTES:
            return
        written = plain_fields(fields)
        text = str(message)[: LINE_BYTES + 1].encode(errors="replace").decode()
        text = text if len(text) <= LINE_BYTES else f"{text[:LINE_BYTES]}…"
        if len(text) + len(written) > LINE_BYTES + _OVERHEAD:
            text, written = f"{text[:LINE_BYTES]} (its fields are too large)", b"{}"
        self._written += len(text) + len(written)
        self._channel.send(LogFrame(level, text, written))

    def printed(self, *values: object, sep: str | None = " ", end: str | None = "", **_ignored: object) -> None:
        """Serve `print`: a line of level info."""
        self.write("info", f"{(' ' if sep is None else sep).join(map(str, values))}{end or ''}".rstrip("\n"), {})


def refusal(answer: Refusal) -> LevadaError:
    """Rebuild the error the host answered with."""
    return error_for(answer.code, answer.message, answer.wait, orjson.loads(answer.details))


def _frames(drafts: Iterable[Draft]) -> Iterator[tuple[list[EmitRecord], bool]]:
    """Cut drafts into frames of a part each that keep the caps; the final one is marked."""
    records: list[EmitRecord] = []
    room, parts = _ROOM, chain(PARTS, repeat(PARTS[-1]))
    part = next(parts)
    for draft in drafts:
        record, weight = _record(draft)
        room -= weight
        if room < 0 or len(records) == part:
            yield records, False
            records, room, part = [], _ROOM - weight, next(parts)
        records.append(record)
    yield records, True


def _cut(kind: str, rows: Sequence[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """Cut rows of the graph into lots that fit a frame."""
    lot: list[bytes] = []
    room = _ROOM
    for index, row in enumerate(rows):
        if len(row) > _ROOM:
            raise BadRecord(f"{kind}[{index}] takes {len(row)} bytes; {_ROOM} is the most one may take")
        room -= len(row)
        if room < 0 or len(lot) == RECORDS:
            yield kind, lot
            lot, room = [], _ROOM - len(row)
        lot.append(row)
    if lot:
        yield kind, lot


def _record(draft: Draft) -> tuple[EmitRecord, int]:
    payload, key, source_id = draft.payload, draft.idempotency_key, draft.source_id
    weight = (
        (len(payload) if payload else 0) + (len(key) if key else 0) + (len(source_id) if source_id else 0) + _OVERHEAD
    )
    if weight > _ROOM:
        message = f"the record takes {weight} bytes; {_ROOM} is the most one may take"
        return EmitRecord(None, key and key[:200], None, None, False, "payload_too_large", message), _OVERHEAD * 8  # noqa: FBT003 - a record on the wire has no names.
    moment = draft.source_time.isoformat() if draft.source_time else None
    failure = draft.failure
    # What is longer than a name may be is cut to what the host refuses as too long.
    key, source_id = key and key[:NAME], source_id and source_id[:NAME]
    if failure is None:
        return EmitRecord(payload, key, source_id, moment, draft.source_id_fixed), weight
    return (
        EmitRecord(
            payload,
            key,
            source_id,
            moment,
            draft.source_id_fixed,
            failure.reason[:NAME],
            failure.message[:NAME],
            failure.path and failure.path[:NAME],
        ),
        weight,
    )
