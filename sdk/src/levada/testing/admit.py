"""From a draft as a route handed it over to an arrival that fits its contract, or to what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from levada._hashing import payload_hash, stored_payload
from levada._ingest import Draft, FailedRecord, RecordError
from levada._nearest import did_you_mean
from levada.contracts import Contract, record_errors

MAX_PAYLOAD_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record that fits its contract."""

    index: int
    document_type: str
    idempotency_key: str
    source_id: str | None
    source_time: datetime | None
    payload: str
    payload_hash: str
    source_id_fixed: bool = False


def admit(
    contracts: Mapping[str, type[Contract]],
    draft: Draft,
    index: int,
    document_type: str,
    connection: str,
    connector: str,
) -> Arrival | FailedRecord:
    """Validate one draft, and fill in where it comes from."""
    contract = contracts.get(document_type)
    if contract is None:
        message = f"there is no document type {document_type!r}: {did_you_mean(document_type, contracts)}"
        return _failed(draft, index, document_type, "unknown_document_type", message)
    if draft.failure is not None:
        wrong = RecordError(draft.failure.path or "", draft.failure.reason, draft.failure.message)
        return _failed(draft, index, document_type, draft.failure.reason, draft.failure.message, wrong)
    if draft.payload is None or len(draft.payload) > MAX_PAYLOAD_BYTES:
        message = f"the record is larger than {MAX_PAYLOAD_BYTES >> 20} MiB"
        return _failed(draft, index, document_type, "payload_too_large", message)
    try:
        model = contract.model_validate_json(draft.payload)
    except ValidationError as error:
        wrongs = record_errors(error, contract)
        return _failed(draft, index, document_type, "validation_failed", _sentence(document_type, wrongs), *wrongs)
    if model.connection_id not in (None, connection):
        wrong = RecordError("connection_id", "other_connection", "names another connection than the one it came by")
        return _failed(draft, index, document_type, "validation_failed", _sentence(document_type, [wrong]), wrong)
    return _arrived(model, draft, index, connection, connector)


def _arrived(model: Contract, draft: Draft, index: int, connection: str, connector: str) -> Arrival:
    model.connection_id = connection
    model.source_system = model.source_system or connector
    model.complete()
    named = model.source_time_field and getattr(model, model.source_time_field)
    return Arrival(
        index=index,
        document_type=model.document_type,
        idempotency_key=draft.idempotency_key or "",
        source_id=draft.source_id or getattr(model, model.identity_field),
        source_time=draft.source_time or named or None,
        payload=stored_payload(model),
        payload_hash=payload_hash(model),
        source_id_fixed=draft.source_id_fixed,
    )


def closed(arrival: Arrival) -> FailedRecord:
    """Return the refusal of a record whose period is closed."""
    return FailedRecord(
        reason="period_closed",
        message="the period that it belongs to is closed",
        retryable=False,
        document_type=arrival.document_type,
        source_id=arrival.source_id,
        idempotency_key=arrival.idempotency_key,
        index=arrival.index,
    )


def unavailable(draft: Draft, index: int, document_type: str) -> FailedRecord:
    """Return the refusal of a record about which the store could not be asked."""
    return _failed(
        draft, index, document_type, "store_unavailable", "the store could not be asked about it: send it again"
    )


def _sentence(document_type: str, wrongs: list[RecordError]) -> str:
    named = "; ".join(f"{wrong.path}: {wrong.message}" if wrong.path else wrong.message for wrong in wrongs)
    return f"not a valid {document_type}: {named}"


def _failed(
    draft: Draft, index: int, document_type: str, reason: str, message: str, *errors: RecordError
) -> FailedRecord:
    return FailedRecord(
        reason=reason,
        message=message,
        retryable=reason == "store_unavailable",
        document_type=document_type,
        source_id=draft.source_id,
        idempotency_key=draft.idempotency_key,
        index=index,
        errors=errors,
    )
