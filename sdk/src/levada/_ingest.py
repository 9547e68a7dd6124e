"""What a route hands to the runtime, and what it is told of it."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Protocol

from levada._encoding import encode_json
from levada._nearest import did_you_mean
from levada.errors import BadRecord, ConnectorMistake, NotJson, UnknownDocumentType, UnknownStream

Status = Literal["ingested", "observed"]
Outcome = Literal["created", "updated", "unchanged", "retired"]
Word = str | Callable[..., str | None] | None
"""A fixed string, or a callable of `(payload)` or `(payload, index)`."""
Moment = datetime | Callable[..., datetime | None] | None
"""An aware datetime, or a callable of `(payload)` or `(payload, index)`."""


@dataclass(frozen=True, slots=True)
class RecordError:
    """One thing that is wrong with a record: where, of which kind, and what to do."""

    path: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What became of one record. Observed, the ids are None; hash and outcome are there."""

    status: Status
    document_type: str
    document_id: str | None
    document_version_id: str | None
    payload_hash: str | None
    provenance: Mapping[str, Any]
    index: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class FailedRecord:
    """A record that was not taken, and why."""

    reason: str
    message: str
    retryable: bool
    document_type: str
    source_id: str | None
    idempotency_key: str | None
    index: int
    errors: tuple[RecordError, ...] = ()
    failed: Literal[True] = True


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of a batch: `count = imported + failed`, `imported = created + updated + unchanged`."""

    status: Status
    document_type: str
    count: int
    imported: int
    failed: int
    results: Sequence[IngestResult]
    failed_records: Sequence[FailedRecord]
    created: int = 0
    updated: int = 0
    unchanged: int = 0


class Ingest(Protocol):
    """Hands already mapped records to the runtime, which validates, deduplicates and versions them.

    `idempotency_key`, `source_id` and `source_time` take a value or a callable of `(payload)` or `(payload, index)`.
    A callable is called while the batch is being handed over: it may ask the source, and neither save nor hand over.
    """

    def canonical(
        self,
        document_type: str,
        payload: object,
        *,
        idempotency_key: Word,
        source_id: Word = None,
        source_time: Moment = None,
        stream: str | None = None,
    ) -> IngestResult:
        """Hand over one record. Raises BadRecord when it does not keep its contract."""
        ...

    def batch(
        self,
        document_type: str,
        payloads: Sequence[object],
        *,
        idempotency_key: Word,
        source_id: Word = None,
        source_time: Moment = None,
        stream: str | None = None,
        continue_on_error: bool = False,
    ) -> BatchResult:
        """Hand over a page of records.

        Without `continue_on_error` it is all or nothing: one invalid record raises BatchRejected, which names every
        invalid one. With it, the valid ones are taken and the others returned and quarantined.
        """
        ...

    def retire(
        self,
        document_type: str,
        *,
        idempotency_key: str,
        source_time: datetime | None = None,
        stream: str | None = None,
    ) -> IngestResult:
        """Say that a record is gone at the source. Its document stays readable and is no longer current."""
        ...


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a record could not even be handed over."""

    reason: str
    message: str
    path: str | None = None


class Draft(NamedTuple):
    """One record as the author handed it over: its own JSON bytes, or why there are none."""

    payload: bytes | None
    idempotency_key: str | None
    source_id: str | None
    source_time: datetime | None
    failure: Failure | None
    source_id_fixed: bool


class IngestPort(Protocol):
    """What stands behind a route's `ingest`: a wire to the runtime, or a memory in a test.

    Drafts come in order, and each is made when it is asked for.
    """

    def emit(
        self, stream: str, document_type: str, drafts: Iterable[Draft], *, continue_on_error: bool
    ) -> BatchResult: ...

    def retire(
        self, stream: str, document_type: str, *, idempotency_key: str, source_time: datetime | None
    ) -> IngestResult: ...


class HandingOver:
    """Entered while the drafts of one call are made: what tells a key, an id or a time may ask a source, no more."""

    __slots__ = ("_is_under_way",)

    def __init__(self) -> None:
        self._is_under_way = False

    def __enter__(self) -> None:
        self.check_over()
        self._is_under_way = True

    def __exit__(self, *_failure: object) -> None:
        self._is_under_way = False

    def check_over(self) -> None:
        """Refuse what cannot be done within a call. Raises ConnectorMistake."""
        if self._is_under_way:
            raise ConnectorMistake(
                "what tells a record's key, id or time can only ask a source: hand over, and save, before or afterwards"
            )


class RouteIngest:
    """The `ingest` of one route: turns what the author hands over into drafts, and refuses what is not declared."""

    __slots__ = ("_emits", "_encode", "_port", "_stream", "_streams")

    def __init__(
        self,
        port: IngestPort,
        *,
        stream: str,
        streams: frozenset[str],
        emits: frozenset[str] | None,
        encode: Callable[[object], bytes] = encode_json,
    ) -> None:
        self._port = port
        self._stream = stream
        self._streams = streams
        self._emits = emits
        self._encode = encode

    def canonical(
        self,
        document_type: str,
        payload: object,
        *,
        idempotency_key: Word,
        source_id: Word = None,
        source_time: Moment = None,
        stream: str | None = None,
    ) -> IngestResult:
        """Hand over one record."""
        taken = self.batch(
            document_type,
            [payload],
            idempotency_key=idempotency_key,
            source_id=source_id,
            source_time=source_time,
            stream=stream,
            continue_on_error=True,
        )
        if taken.failed_records:
            raise BadRecord(taken.failed_records[0].message, failed_records=taken.failed_records)
        return taken.results[0]

    def batch(
        self,
        document_type: str,
        payloads: Sequence[object],
        *,
        idempotency_key: Word,
        source_id: Word = None,
        source_time: Moment = None,
        stream: str | None = None,
        continue_on_error: bool = False,
    ) -> BatchResult:
        """Hand over a page of records."""
        bound = self._bound(document_type, stream)
        drafter = _Drafter(self._encode, idempotency_key, source_id, source_time)
        given = list(payloads)  # Whatever is done to them meanwhile, these are handed over.
        drafts = (drafter.draft(payload, index) for index, payload in enumerate(given))
        return self._port.emit(bound, document_type, drafts, continue_on_error=continue_on_error)

    def retire(
        self,
        document_type: str,
        *,
        idempotency_key: str,
        source_time: datetime | None = None,
        stream: str | None = None,
    ) -> IngestResult:
        """Say that a record is gone at the source."""
        bound = self._bound(document_type, stream)
        _check_moment(source_time)
        if not idempotency_key:
            raise BadRecord("a retirement needs the idempotency key of the record that is gone")
        return self._port.retire(bound, document_type, idempotency_key=idempotency_key, source_time=source_time)

    def _bound(self, document_type: str, stream: str | None) -> str:
        if stream is not None and stream not in self._streams:
            raise UnknownStream(f"the connector declares no stream {stream!r}: {did_you_mean(stream, self._streams)}")
        if self._emits is not None and document_type not in self._emits:
            known = did_you_mean(document_type, self._emits)
            raise UnknownDocumentType(f"the route does not declare {document_type!r} in emits: {known}")
        return stream or self._stream


class _Drafter:
    """Makes drafts of the payloads of one call."""

    def __init__(self, encode: Callable[[object], bytes], key: Word, source_id: Word, source_time: Moment) -> None:
        self._encode = encode
        self._key = _of_payload(key)
        self._source_id = _of_payload(source_id)
        self._source_time = _of_payload(source_time)
        self._fixed = isinstance(source_id, str)

    def draft(self, payload: object, index: int) -> Draft:
        encoded = self._encoded(payload)
        if isinstance(encoded, Failure):
            return Draft(None, self._told(payload, index), None, None, encoded, self._fixed)
        try:
            key = self._key(payload, index)
            source_id = self._source_id(payload, index)
            moment = _check_moment(self._source_time(payload, index))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - an author's callable may raise anything; it fails its record alone
            failure = Failure("idempotency_key_missing", f"{type(error).__name__}: {error}", "idempotency_key")
            return Draft(encoded, None, None, None, failure, self._fixed)
        if not key:
            failure = Failure("idempotency_key_missing", "the idempotency key is empty", "idempotency_key")
            return Draft(encoded, None, _text(source_id), moment, failure, self._fixed)
        return Draft(encoded, str(key), _text(source_id), moment, None, self._fixed)

    def _encoded(self, payload: object) -> bytes | Failure:
        try:
            return self._encode(payload)
        except NotJson as error:
            return Failure("not_json", error.message, error.path)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - an author's model may raise anything; its record fails alone
            return Failure("not_json", f"{type(error).__name__}: {error}")

    def _told(self, payload: object, index: int) -> str | None:
        """Return the key of a record that is no JSON, if it can be told, so that it is found again."""
        try:
            return _text(self._key(payload, index))
        except Exception:  # noqa: BLE001 - the record has failed already, for a reason that matters more
            return None


def _of_payload(given: Any) -> Callable[[object, int], Any]:
    if not callable(given):
        return lambda _payload, _index: given
    if _takes_index(given):
        return given  # type: ignore[no-any-return]  # it was just seen to be of this shape
    return lambda payload, _index: given(payload)


@lru_cache(maxsize=256)
def _takes_index(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [one for one in parameters if one.kind in positional and one.default is inspect.Parameter.empty]
    return len(needed) > 1


def _check_moment(moment: Any) -> datetime | None:
    if moment is None:
        return None
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise BadRecord(f"source_time must be an aware datetime, not {moment!r}")
    return moment


def _text(value: object) -> str | None:
    return None if value is None else str(value)
