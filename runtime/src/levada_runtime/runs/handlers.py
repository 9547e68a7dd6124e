"""The host's answers to a child: each frame is translated for the floor that knows what to do with it."""

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from levada import BadRecord, Draft, Failure, Manifest
from levada_runtime.foundation.text import storable
from levada_runtime.ingest.admit import KEY_BYTES
from levada_runtime.ingest.model import Accepted, Answer, Rejected
from levada_runtime.ingest.service import Ingest
from levada_runtime.runs.assertions import Assertions
from levada_runtime.runs.pager import Pager
from levada_runtime.runs.recorder import Recorder
from levada_runtime.sandbox.answering import NoHandlers
from levada_runtime.sandbox.broker.service import Broker
from levada_runtime.sandbox.protocol import (
    EmitAnswer,
    EmitFrame,
    EmitRecord,
    ErrorAnswer,
    FailedAnswer,
    GraphAnswer,
    GraphFrame,
    HttpAnswer,
    HttpFrame,
    ProtocolError,
    RetireFrame,
    SnapshotFrame,
)
from levada_runtime.store.columns import to_micros


class RunHandlers:
    """Answers one child; none of it runs while a transaction is open.

    What the SDK refuses in the child is refused here again, since a child that was tampered with does not ask the SDK.
    """

    def __init__(
        self,
        manifest: Manifest,
        ingest: Ingest,
        assertions: Assertions,
        broker: Broker,
        pager: Pager,
        recorder: Recorder,
    ) -> None:
        self._emits = {stream.key: stream.emits for stream in manifest.streams}
        self._own = self._emits.get(ingest.origin.stream)
        self._exchanges = 0
        self._ingest = ingest
        self._assertions = assertions
        self._broker = broker
        self._pager = pager
        self._recorder = recorder

    def emit(self, frame: EmitFrame) -> EmitAnswer | None:
        """Take a frame of records; the last of a call is answered with what became of all of them."""
        self._check(frame)
        self._ingest.page.came_after(self._recorder.asked)
        answer = self._ingest.emit(
            frame.call,
            frame.stream,
            frame.document_type,
            [_draft(record) for record in frame.records],
            continue_on_error=frame.continue_on_error,
            last=frame.last,
        )
        if answer is None:
            return None
        for rejected in answer.rejected:
            self._recorder.warn_of_rejected(rejected)
        if self._ingest.page.full:
            self._pager.commit_part()
        return self._answer(answer, frame.stream)

    def retire(self, frame: RetireFrame) -> EmitAnswer:
        """Take the word that a record is gone."""
        self._check(frame)
        if not frame.idempotency_key or not _is_key(frame.idempotency_key):
            raise BadRecord(f"an idempotency key has 1 to {KEY_BYTES} bytes, none of them U+0000")
        moment = _moment(frame.source_time)
        self._ingest.page.came_after(self._recorder.asked)
        accepted = self._ingest.retire(
            frame.stream, frame.document_type, frame.idempotency_key, to_micros(moment) if moment else None
        )
        if self._ingest.page.full:
            self._pager.commit_part()
        return self._answer(Answer([accepted], [], refused=False), frame.stream)

    def graph(self, frame: GraphFrame) -> GraphAnswer | None:
        """Take a frame of assertions; the last of a call is answered with what became of its source's claims."""
        answer = self._assertions.take(frame)
        if self._assertions.full:
            self._pager.commit_part()
        return answer

    def snapshot(self, frame: SnapshotFrame) -> None:
        """Take a step of a snapshot of the source."""
        self._assertions.snapshot(frame)
        if self._assertions.beyond_a_plan:
            self._pager.commit_part()

    def save(self, partition: str, values: dict[str, Any]) -> None:
        """End the page with a checkpoint."""
        self._assertions.snapshots.check_saving()
        self._pager.save(partition, values)

    def http(self, request: HttpFrame) -> HttpAnswer:
        """Ask the source, through the broker; every try is kept with the run, whatever became of it."""
        try:
            return self._broker.answer(request)
        finally:
            fresh = self._broker.exchanges[self._exchanges :]
            self._exchanges += len(fresh)
            self._recorder.exchanged(fresh)

    def log(self, level: str, message: str, fields: dict[str, Any]) -> None:
        """Keep a line of the run's log."""
        self._recorder.log(level, message, fields)

    def afterwards(self) -> None:
        """Tell others what the source said, and let go of what the last page held."""
        self._broker.settle()
        self._ingest.let_go()

    def _check(self, frame: EmitFrame | RetireFrame) -> None:
        """Raise ProtocolError for a stream that the manifest does not have, or a document type it does not emit."""
        if not storable(frame.document_type):
            raise BadRecord("a document type holds U+0000, which cannot be kept")
        if frame.stream not in self._emits:
            raise ProtocolError(f"a child handed over records of a stream that is not declared: {frame.stream[:100]!r}")
        if self._own is not None and frame.document_type not in self._own:
            raise ProtocolError(f"a child handed over what its stream does not emit: {frame.document_type[:100]!r}")

    def _answer(self, answer: Answer, stream: str) -> EmitAnswer:
        origin = self._ingest.origin
        observing = self._ingest.effects is not None
        return EmitAnswer(
            status="observed" if observing else "ingested",
            provenance={**origin.provenance(), "stream": stream},
            records=[_unnamed(one) for one in answer.accepted] if observing else answer.accepted,
            failed=[_failed(one) for one in answer.rejected],
            rejected=answer.refused,
            connection_id=origin.connection_id,
        )


class CheckHandlers(NoHandlers):
    """Answers a connector that checks its settings: it may ask the source and log, and hand over nothing."""

    def __init__(self, handlers: RunHandlers) -> None:
        self._handlers = handlers

    def http(self, request: HttpFrame) -> HttpAnswer:  # type: ignore[override]  # the one question that is answered
        """Ask the source."""
        return self._handlers.http(request)

    def log(self, level: str, message: str, fields: dict[str, Any]) -> None:
        """Keep a line of the check's log."""
        self._handlers.log(level, message, fields)

    def afterwards(self) -> None:
        """Do what could wait until the child had its answer."""
        self._handlers.afterwards()


def _draft(record: EmitRecord) -> Draft:
    failure = None
    if record.failure is not None:
        failure = Failure(record.failure, record.failure_message or "", record.failure_path)
    moment = None if record.source_time is None else _moment(record.source_time)
    return Draft(record.payload, record.idempotency_key, record.source_id, moment, failure, record.source_id_fixed)


def _moment(spelt: str | None) -> datetime | None:
    if not spelt:
        return None
    try:
        moment = datetime.fromisoformat(spelt)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise ProtocolError(f"a child sent what is no time with its offset: {spelt[:100]!r}")
    return moment


def _is_key(text: str) -> bool:
    return storable(text) and len(text.encode()) <= KEY_BYTES


def _unnamed(one: Accepted) -> Accepted:
    """Return an answer without ids, since there are none of what is not kept."""
    return replace(one, document_id=None, version=None)


def _failed(one: Rejected) -> FailedAnswer:
    errors = [ErrorAnswer(error.path, error.code, error.message) for error in one.errors]
    return FailedAnswer(
        index=one.index,
        reason=one.reason,
        message=one.message,
        idempotency_key=one.idempotency_key,
        source_id=one.source_id,
        errors=errors,
    )
