"""Answers of the host as the SDK's values, decoded when looked at: a thousand cost little if nobody looks."""

from collections.abc import Sequence
from functools import cached_property
from typing import overload

import msgspec

from levada._ingest import BatchResult, FailedRecord, IngestResult, RecordError
from levada_runtime.foundation.ids import spell_document, spell_version
from levada_runtime.sandbox.protocol import FailedAnswer, RecordAnswer, Results

_decode_records = msgspec.msgpack.Decoder(list[RecordAnswer]).decode


class LazyResults(Sequence[IngestResult]):
    """What became of each record that was taken, in the order of the call."""

    def __init__(self, answer: Results, document_type: str) -> None:
        self._answer = answer
        self._document_type = document_type

    @cached_property
    def _records(self) -> list[RecordAnswer]:
        return _decode_records(self._answer.records)

    def __len__(self) -> int:
        return self._answer.imported

    @overload
    def __getitem__(self, index: int) -> IngestResult: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[IngestResult]: ...

    def __getitem__(self, index: int | slice) -> IngestResult | Sequence[IngestResult]:
        if isinstance(index, slice):
            return [self._made(record) for record in self._records[index]]
        return self._made(self._records[index])

    def __repr__(self) -> str:
        return repr(list(self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # Compared by value, like a list.

    def _made(self, record: RecordAnswer) -> IngestResult:
        answer = self._answer
        payload_hash = record.payload_hash.hex() if record.payload_hash is not None else None
        document_id, version_id = _spelt(answer.connection_id, record)
        provenance = {
            **answer.provenance,
            "source_id": record.source_id,
            "idempotency_key": record.idempotency_key,
            "payload_hash": payload_hash,
            **({"superseded": True} if record.superseded else {}),
        }
        return IngestResult(
            status=answer.status,
            document_type=self._document_type,
            document_id=document_id,
            document_version_id=version_id,
            payload_hash=payload_hash,
            provenance=provenance,
            index=record.place,
            outcome=record.outcome,
        )


def _spelt(connection_id: int, record: RecordAnswer) -> tuple[str | None, str | None]:
    """Return the ids of a document and its version as the outside sees them; None where there are none."""
    document, version = record.document_id, record.version
    if isinstance(document, int):
        document = spell_document(connection_id, document)
    if document is not None and isinstance(version, int):
        version = spell_version(document, version)
    return document, None if isinstance(version, int) else version


def batch_result(answer: Results, document_type: str) -> BatchResult:
    return BatchResult(
        status=answer.status,
        document_type=document_type,
        count=answer.imported + len(answer.failed),
        imported=answer.imported,
        failed=len(answer.failed),
        results=LazyResults(answer, document_type),
        failed_records=failed_records(answer, document_type),
        created=answer.created,
        updated=answer.updated,
        unchanged=answer.unchanged,
    )


def failed_records(answer: Results, document_type: str) -> Sequence[FailedRecord]:
    return [_failed(one, document_type) for one in answer.failed]


def _failed(one: FailedAnswer, document_type: str) -> FailedRecord:
    return FailedRecord(
        reason=one.reason,
        message=one.message,
        retryable=one.reason == "store_unavailable",
        document_type=document_type,
        source_id=one.source_id,
        idempotency_key=one.idempotency_key,
        index=one.index,
        errors=tuple(RecordError(error.path, error.code, error.message) for error in one.errors),
    )
