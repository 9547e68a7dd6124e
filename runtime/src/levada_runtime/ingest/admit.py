"""From drafts as a route handed them over to arrivals that fit their contract, or rejections that say why not."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from levada import Draft, RecordError
from levada._hashing import payload_digest, stored_payload
from levada.contracts import Contract
from levada_runtime.contracts.express import Spelt, express_of
from levada_runtime.contracts.registry import Registry
from levada_runtime.contracts.validation import Invalid, validate
from levada_runtime.foundation.text import storable
from levada_runtime.ingest.model import MOMENTS, Arrival, Origin, Rejected
from levada_runtime.ingest.reasons import Reason
from levada_runtime.ingest.recognise import fingerprints, salt_of
from levada_runtime.store.columns import to_micros

MAX_PAYLOAD_BYTES = 4 << 20
_SAID_BY_CHILDREN = frozenset({Reason.NOT_JSON, Reason.IDEMPOTENCY_KEY_MISSING, Reason.PAYLOAD_TOO_LARGE})
_LONGEST_WORDS = 1_000
"""How much is kept of what a child says is wrong: a path may be made of names of any length."""
KEY_BYTES = 2_048
"""The longest key that every database can keep an index of."""


def admit(
    registry: Registry,
    origin: Origin,
    stream: str,
    document_type: str,
    drafts: Sequence[Draft],
    indexes: Sequence[int],
    prints: Sequence[bytes | None] | None = None,
    refused: Sequence[Invalid | None] | None = None,
) -> list[Arrival | Rejected]:
    """Return an arrival or a rejection for every draft, in order; `indexes` are their places in the call.

    `prints` are the drafts' fingerprints and `refused` what `refusals_of` says of each, for a caller who knows already.
    """
    contract = registry.get(document_type)
    if contract is None:
        unknown = _unknown_type(registry, document_type)
        return [
            _reject(draft, index, stream, document_type, unknown) for draft, index in zip(drafts, indexes, strict=True)
        ]
    refused = refused or refusals_of(drafts)
    payloads = [draft.payload or b"" for draft, refusal in zip(drafts, refused, strict=True) if refusal is None]
    checked = iter(_spelt(contract, origin, payloads))
    results = [refusal or next(checked) for refusal in refused]
    prints = prints or fingerprints(salt_of(contract, origin), drafts)
    return [
        _arrive(stream, contract, draft, index, result, seen)
        for draft, index, result, seen in zip(drafts, indexes, results, prints, strict=True)
    ]


def _spelt(contract: type[Contract], origin: Origin, payloads: Sequence[bytes]) -> list[Spelt | Invalid]:
    """Return each payload as it is kept, or what is wrong with it: by the short way where there is no doubt."""
    express = express_of(contract)
    if express is None:
        return [_filled(origin, contract, one) for one in validate(contract, payloads)]
    known_as = (origin.connection_uid, origin.connection)
    read = [express.read(payload, origin.connector, origin.connection_uid, known_as) for payload in payloads]
    doubtful = [payload for payload, spelt in zip(payloads, read, strict=True) if spelt is None]
    told = iter(validate(contract, doubtful) if doubtful else ())
    return [spelt or _filled(origin, contract, next(told)) for spelt in read]


def _arrive(
    stream: str, contract: type[Contract], draft: Draft, index: int, result: Spelt | Invalid, fingerprint: bytes | None
) -> Arrival | Rejected:
    if isinstance(result, Invalid):
        return _reject(draft, index, stream, contract.document_type, result)
    said = draft.source_time or result.moment
    moment = to_micros(said) if said is not None else None
    misplaced = _outside(moment)
    if misplaced is None and result.identity != draft.source_id:
        misplaced = _unfit(contract.identity_field, result.identity)
    if misplaced is not None:
        return _reject(draft, index, stream, contract.document_type, misplaced)
    return Arrival(
        index,
        stream,
        contract.document_type,
        contract.version,
        draft.idempotency_key or "",
        draft.source_id or result.identity,
        moment,
        result.stored,
        result.digest,
        fingerprint,
        draft.source_id_fixed,
    )


def _filled(origin: Origin, contract: type[Contract], model: Contract | Invalid) -> Spelt | Invalid:
    """Fill in where a record comes from and what follows from it; one that names another connection is refused."""
    if isinstance(model, Invalid):
        return model
    named: Any = model.connection_id
    if named is not None and named not in (origin.connection_uid, origin.connection):
        error = RecordError("connection_id", "other_connection", "names another connection than the one it came by")
        return Invalid("validation_failed", f"{error.path}: {error.message}; leave it out", (error,))
    values = model.__dict__  # Past pydantic's own __setattr__, which costs as much as all the rest here.
    values["connection_id"] = origin.connection_uid
    if model.source_system is None:
        values["source_system"] = origin.connector
    model.complete()
    moment = getattr(model, contract.source_time_field) if contract.source_time_field else None
    return Spelt(
        getattr(model, contract.identity_field),
        moment if isinstance(moment, datetime) else None,
        stored_payload(model),
        payload_digest(model),
    )


def refusals_of(drafts: Sequence[Draft]) -> list[Invalid | None]:
    """Return why each draft is refused before its payload is looked at; names that are all fit are looked at as one."""
    named = [name for draft in drafts for name in (draft.idempotency_key, draft.source_id) if name]
    together = "".join(named)
    if not together.isascii() or "\x00" in together or any(len(name) > KEY_BYTES for name in named):
        return [_refusal_of(draft) for draft in drafts]
    return [
        None
        if draft.failure is None and draft.idempotency_key and draft.payload and len(draft.payload) <= MAX_PAYLOAD_BYTES
        else _refusal_of(draft)
        for draft in drafts
    ]


def _refusal_of(draft: Draft) -> Invalid | None:
    """Return why a draft is refused before its payload is looked at, None when it is not."""
    if draft.failure is not None:
        failure = draft.failure
        # A child says only what its SDK says; a word that it made up is not one of the reasons there are.
        reason = failure.reason if failure.reason in _SAID_BY_CHILDREN else Reason.VALIDATION_FAILED
        said, path = failure.message[:_LONGEST_WORDS], (failure.path or "")[:_LONGEST_WORDS]
        return Invalid(reason, said, (RecordError(path, reason, said),))
    if not draft.idempotency_key:
        return _lacking(Reason.IDEMPOTENCY_KEY_MISSING, "idempotency_key", "the record has no idempotency key")
    if draft.payload is None or len(draft.payload) > MAX_PAYLOAD_BYTES:
        larger = f"the record is larger than {MAX_PAYLOAD_BYTES >> 20} MiB"
        return _lacking(Reason.PAYLOAD_TOO_LARGE, "", larger)
    return _unfit("idempotency_key", draft.idempotency_key) or _unfit("source_id", draft.source_id)


def _lacking(reason: Reason, path: str, message: str) -> Invalid:
    return Invalid(reason, message, (RecordError(path, reason, message),))


def _unfit(path: str, name: str | None) -> Invalid | None:
    """Refuse a name that not every database could keep and find again."""
    if name is None or (name.isascii() and len(name) <= KEY_BYTES and "\x00" not in name):
        return None
    if len(name) > KEY_BYTES // 4 and len(name.encode(errors="replace")) > KEY_BYTES:
        longer = RecordError(path, "too_long", f"is longer than {KEY_BYTES} bytes")
        return Invalid("validation_failed", f"{path}: {longer.message}", (longer,))
    if storable(name):
        return None
    error = RecordError(path, "not_storable", "holds U+0000 or half a surrogate pair, which cannot be kept")
    return Invalid("validation_failed", f"{error.path}: {error.message}", (error,))


def _outside(moment: int | None) -> Invalid | None:
    """Refuse a moment that is in no year from 1 to 9999 once it is told in UTC."""
    if moment is None or moment in MOMENTS:
        return None
    error = RecordError("source_time", "not_storable", "lies before the year 1 or after 9999 in UTC")
    return Invalid("validation_failed", f"{error.path}: {error.message}", (error,))


def unavailable(
    drafts: Sequence[Draft], first_index: int, stream: str, document_type: str, lost: Exception
) -> list[Rejected]:
    """Return the refusals of drafts about which the store could not be asked; sent again they may be taken."""
    problem = Invalid(Reason.STORE_UNAVAILABLE, not_asked(lost), ())
    return [_reject(draft, first_index + at, stream, document_type, problem) for at, draft in enumerate(drafts)]


def not_asked(lost: Exception) -> str:
    """Say that the store could not be asked."""
    return f"the store could not be asked about it ({type(lost).__name__}): send it again"


def _unknown_type(registry: Registry, document_type: str) -> Invalid:
    nearest = registry.nearest(document_type)
    guess = f"; did you mean {nearest!r}?" if nearest else ""
    return Invalid("unknown_document_type", f"there is no document type {document_type!r}{guess}", ())


def _reject(draft: Draft, index: int, stream: str, document_type: str, wrong: Invalid) -> Rejected:
    return Rejected(
        index=index,
        stream=stream,
        document_type=document_type,
        reason=str(wrong.reason),
        message=wrong.message,
        errors=wrong.errors,
        idempotency_key=draft.idempotency_key,
        source_id=draft.source_id,
        payload=None if draft.payload is None else draft.payload.decode(errors="replace"),
        source_time=_kept_time(draft),
        source_id_fixed=draft.source_id_fixed,
    )


def _kept_time(draft: Draft) -> int | None:
    moment = None if draft.source_time is None else to_micros(draft.source_time)
    return moment if moment is not None and moment in MOMENTS else None  # `None in range(...)` counts it all
