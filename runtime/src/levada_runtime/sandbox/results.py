"""Answers of the host as the SDK's values, made when they are looked at: a batch of a thousand costs little when nobody looks."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar, overload

from levada._ingest import BatchResult, FailedRecord, IngestResult, RecordError
from levada_runtime.sandbox.protocol import EmitAnswer, FailedAnswer, RecordAnswer

_Wire = TypeVar("_Wire")
_Value = TypeVar("_Value")


class Lazily(Sequence[_Value]):
    """A sequence whose items are made on access."""

    __slots__ = ("_make", "_wire")

    def __init__(self, wire: Sequence[_Wire], make: Callable[[_Wire], _Value]) -> None:
        self._wire: Sequence[object] = wire
        self._make: Callable[..., _Value] = make

    def __len__(self) -> int:
        return len(self._wire)

    @overload
    def __getitem__(self, index: int) -> _Value: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[_Value]: ...

    def __getitem__(self, index: int | slice) -> _Value | Sequence[_Value]:
        if isinstance(index, slice):
            return Lazily(self._wire[index], self._make)
        return self._make(self._wire[index])

    def __repr__(self) -> str:
        return repr(list(self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # Compared by value, like a list.


def batch_result(answer: EmitAnswer, document_type: str) -> BatchResult:
    outcomes = Counter(record.outcome for record in answer.records)
    return BatchResult(
        status=answer.status,
        document_type=document_type,
        count=len(answer.records) + len(answer.failed),
        imported=len(answer.records),
        failed=len(answer.failed),
        results=Lazily(answer.records, lambda record: ingest_result(answer, record, document_type)),
        failed_records=failed_records(answer, document_type),
        created=outcomes["created"],
        updated=outcomes["updated"],
        unchanged=outcomes["unchanged"],
    )


def ingest_result(answer: EmitAnswer, record: RecordAnswer, document_type: str) -> IngestResult:
    provenance = {
        **answer.provenance,
        "source_id": record.source_id,
        "idempotency_key": record.idempotency_key,
        "payload_hash": record.payload_hash,
    }
    return IngestResult(
        status=answer.status,
        document_type=document_type,
        document_id=record.document_id,
        document_version_id=record.document_version_id,
        payload_hash=record.payload_hash,
        provenance=provenance,
        index=record.index,
        outcome=record.outcome,
    )


def failed_records(answer: EmitAnswer, document_type: str) -> Sequence[FailedRecord]:
    return [_failed(one, document_type) for one in answer.failed]


def _failed(one: FailedAnswer, document_type: str) -> FailedRecord:
    return FailedRecord(
        reason=one.reason,
        message=one.message,
        retryable=False,
        document_type=document_type,
        source_id=one.source_id,
        idempotency_key=one.idempotency_key,
        index=one.index,
        errors=tuple(RecordError(error.path, error.code, error.message) for error in one.errors),
    )
