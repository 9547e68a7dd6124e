"""The host's answers to a child of a test: each frame is a call of one of the test's ports."""

from datetime import datetime
from typing import Any, Final

from levada import BatchRejected, BatchResult, Draft, FailedRecord, Failure, HttpRequest, IngestResult
from levada._graph import GraphBatch
from levada.testing.wall import Ports
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
    RecordAnswer,
    RetireFrame,
    SnapshotFrame,
)

_OF_ITS_RECORD: Final = frozenset({"source_id", "idempotency_key", "superseded"})


class PortHandlers:
    """Answers a child's frames from the ports of a test; a call that comes in several frames is asked once, whole."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._drafts: list[Draft] = []
        self._rows: tuple[list[bytes], list[bytes]] = ([], [])

    def emit(self, frame: EmitFrame) -> EmitAnswer | None:
        """Take a frame of records."""
        self._drafts += [_draft(record) for record in frame.records]
        if not frame.last:
            return None
        drafts, self._drafts = self._drafts, []
        try:
            answer = self._ports.emit(
                frame.stream, frame.document_type, drafts, continue_on_error=frame.continue_on_error
            )
        except BatchRejected as rejected:
            failed = [_failed(one) for one in rejected.failed_records]
            return EmitAnswer("ingested", {}, [], failed, rejected=True)
        return _answer(answer)

    def retire(self, frame: RetireFrame) -> EmitAnswer:
        """Take the word that a record is gone."""
        moment = datetime.fromisoformat(frame.source_time) if frame.source_time else None
        key = frame.idempotency_key
        result = self._ports.retire(frame.stream, frame.document_type, idempotency_key=key, source_time=moment)
        return EmitAnswer(result.status, _shared(result), [_record(result)], [], rejected=False)

    def graph(self, frame: GraphFrame) -> GraphAnswer | None:
        """Take a frame of rows."""
        entities, relationships = self._rows
        entities += frame.entities
        relationships += frame.relationships
        if not frame.last:
            return None
        self._rows = ([], [])
        batch = GraphBatch(entities, relationships)
        if frame.op == "write":
            status = self._ports.write(batch).status
            return GraphAnswer("observed" if status == "observed" else "committing", (0, 0, 0, 0), (0, 0, 0, 0))
        told = self._ports.sync(batch, scope=frame.scope)
        return GraphAnswer(
            "committing" if told.status == "synced" else told.status,
            (told.entities_created, told.entities_updated, told.entities_unchanged, told.entities_deleted),
            (
                told.relationships_created,
                told.relationships_updated,
                told.relationships_unchanged,
                told.relationships_deleted,
            ),
            told.relationships_pending,
        )

    def snapshot(self, frame: SnapshotFrame) -> None:
        """Take a step of a snapshot."""
        self._ports.snapshot(frame.step, GraphBatch(frame.entities, frame.relationships), scope=frame.scope)

    def save(self, partition: str, values: dict[str, Any]) -> None:
        """End a page."""
        self._ports.save(partition, values)

    def http(self, request: HttpFrame) -> HttpAnswer:
        """Answer for the source."""
        params, headers = tuple(request.params), tuple(request.headers)
        answer = self._ports.send(HttpRequest(request.method, request.url, params, headers, request.body))
        return HttpAnswer(answer.status, list(answer.headers.items()), answer.content, answer.url)

    def log(self, level: str, message: str, fields: dict[str, Any]) -> None:
        """Keep a line."""
        self._ports.log(level, message, fields)

    def afterwards(self) -> None:
        """Nothing was put off."""


def _draft(record: EmitRecord) -> Draft:
    failed = record.failure
    return Draft(
        payload=record.payload,
        idempotency_key=record.idempotency_key,
        source_id=record.source_id,
        source_time=datetime.fromisoformat(record.source_time) if record.source_time else None,
        failure=Failure(failed, record.failure_message or "", record.failure_path) if failed is not None else None,
        source_id_fixed=record.source_id_fixed,
    )


def _answer(answer: BatchResult) -> EmitAnswer:
    return EmitAnswer(
        status=answer.status,
        provenance=_shared(answer.results[0]) if answer.results else {},
        records=[_record(result) for result in answer.results],
        failed=[_failed(one) for one in answer.failed_records],
        rejected=False,
    )


def _shared(result: IngestResult) -> dict[str, Any]:
    return {name: value for name, value in result.provenance.items() if name not in _OF_ITS_RECORD}


def _record(result: IngestResult) -> RecordAnswer:
    return RecordAnswer(
        place=result.index,
        outcome=result.outcome,
        document_id=result.document_id,
        version=result.document_version_id,
        payload_hash=bytes.fromhex(result.payload_hash) if result.payload_hash is not None else None,
        source_id=result.provenance.get("source_id"),
        idempotency_key=result.provenance.get("idempotency_key"),
        superseded=bool(result.provenance.get("superseded")),
    )


def _failed(one: FailedRecord) -> FailedAnswer:
    errors = [ErrorAnswer(error.path, error.code, error.message) for error in one.errors]
    return FailedAnswer(one.index, one.reason, one.message, one.idempotency_key, one.source_id, errors)
