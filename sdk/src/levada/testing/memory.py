"""Documents in memory: what a test's `ingest` keeps, page by page, by the same laws as the runtime's store.

Documents are immutable values, so a page is an overlay of new ones that is merged when it commits and forgotten when
it is dropped. `levada.testing.ingest_suite` holds this double and the real ingest to the same laws.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from levada._ingest import BatchResult, Draft, FailedRecord, IngestResult
from levada.contracts import CONTRACTS, Contract
from levada.errors import BadRecord, BatchRejected
from levada.testing.admit import Arrival, admit
from levada.testing.decide import Decision, Document, decide, decide_retirement

Key = tuple[str, str]
"""Document type and idempotency key."""
Place = tuple[str, str]
"""What a checkpoint belongs to, and the partition of it."""
ORIGIN = {"org": "default", "connection": "test", "mode": "test"}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a document, told once its page has committed."""

    name: str
    document_type: str
    idempotency_key: str


class MemoryDocuments(Mapping[Any, dict[str, Any]]):
    """The current payloads, by idempotency key, or by document type and key where types share one."""

    def __init__(self, documents: Mapping[Key, Document]) -> None:
        self._current = {key: found for key, found in documents.items() if not found.retired}

    def __getitem__(self, key: str | Key) -> dict[str, Any]:
        found = [document for place, document in self._current.items() if key in (place, place[1])]
        if len(found) != 1:
            told = "several types have it" if found else f"there is {', '.join(sorted(self)) or 'no document'}"
            raise KeyError(f"{key}: {told}")
        payload: dict[str, Any] = json.loads(found[0].version.payload)
        return payload

    def __iter__(self) -> Iterator[str]:
        return (key for _, key in self._current)

    def __len__(self) -> int:
        return len(self._current)


class MemoryIngest:
    """An `IngestPort` that keeps what it is handed in memory."""

    def __init__(
        self,
        *,
        connection: str = "test",
        connector: str = "test",
        observing: bool = False,
        contracts: Mapping[str, type[Contract]] = CONTRACTS,
    ) -> None:
        self.connection = connection
        self.connector = connector
        self.observing = observing
        self.committed: dict[Key, Document] = {}
        self.checkpoints: dict[Place, dict[str, Any]] = {}
        self.events: list[Event] = []
        self.quarantine: list[FailedRecord] = []
        self._contracts = contracts
        self._page: dict[Key, Document] = {}
        self._happened: list[Event] = []
        self._made = 0

    @property
    def documents(self) -> MemoryDocuments:
        """The current payloads of committed documents."""
        return MemoryDocuments(self.committed)

    def emit(self, stream: str, document_type: str, drafts: Sequence[Draft], *, continue_on_error: bool) -> BatchResult:
        """Take the records of one call into the page. Raises BatchRejected when one is invalid and all were meant."""
        admitted = [
            admit(self._contracts, draft, index, document_type, self.connection, self.connector)
            for index, draft in enumerate(drafts)
        ]
        failed = [one for one in admitted if isinstance(one, FailedRecord)]
        self.quarantine += failed
        if failed and not continue_on_error:
            raise BatchRejected(failed)
        results = [self._take(stream, one) for one in admitted if isinstance(one, Arrival)]
        outcomes = [result.outcome for result in results]
        return BatchResult(
            status="observed" if self.observing else "ingested",
            document_type=document_type,
            count=len(drafts),
            imported=len(results),
            failed=len(failed),
            results=tuple(results),
            failed_records=tuple(failed),
            created=outcomes.count("created"),
            updated=outcomes.count("updated"),
            unchanged=outcomes.count("unchanged"),
        )

    def retire(
        self, stream: str, document_type: str, *, idempotency_key: str, source_time: datetime | None
    ) -> IngestResult:
        """Take the word that a record is gone into the page."""
        if document_type not in self._contracts:
            raise BadRecord(f"there is no document type {document_type!r}")
        key = (document_type, idempotency_key)
        decision = decide_retirement(self._known(key), source_time)
        return self._apply(
            stream, key, decision, 0, decision.document.version.payload_hash if decision.document else None
        )

    def commit_page(self, place: Place | None = None, values: Mapping[str, Any] | None = None) -> None:
        """Make the page true, together with the checkpoint that ends it; observing, keep only the overlay."""
        if self.observing:
            return
        self.committed |= self._page
        self.events += self._happened
        if place is not None:
            self.checkpoints[place] = dict(values or {})
        self.drop_page()

    def observed(self) -> "MemoryIngest":
        """Return an ingest over what is committed here, that commits nothing."""
        observing = MemoryIngest(
            connection=self.connection, connector=self.connector, observing=True, contracts=self._contracts
        )
        observing.committed = dict(self.committed)
        observing.checkpoints = {place: dict(values) for place, values in self.checkpoints.items()}
        return observing

    def drop_page(self) -> None:
        """Forget what was emitted since the last commit."""
        self._page = {}
        self._happened = []

    def _known(self, key: Key) -> Document | None:
        return self._page.get(key) or self.committed.get(key)

    def _take(self, stream: str, arrival: Arrival) -> IngestResult:
        key = (arrival.document_type, arrival.idempotency_key)
        known = self._known(key)
        if known is None:
            self._made += 1
        decision = decide(known, arrival, f"document-{self._made}", stream)
        return self._apply(stream, key, decision, arrival.index, arrival.payload_hash)

    def _apply(self, stream: str, key: Key, decision: Decision, index: int, payload_hash: str | None) -> IngestResult:
        if decision.document is not None and decision.document is not self._known(key):
            self._page[key] = decision.document
        if decision.event is not None:
            self._happened.append(Event(decision.event, *key))
        document = None if self.observing else decision.document
        return IngestResult(
            status="observed" if self.observing else "ingested",
            document_type=key[0],
            document_id=document.document_id if document else None,
            document_version_id=f"{document.document_id}:{decision.number or document.current}" if document else None,
            payload_hash=payload_hash,
            provenance=self._provenance(stream, key, decision),
            index=index,
            outcome=decision.outcome,
        )

    def _provenance(self, stream: str, key: Key, decision: Decision) -> dict[str, Any]:
        told: dict[str, Any] = {
            **ORIGIN,
            "connection": self.connection,
            "connector": self.connector,
            "stream": stream,
            "idempotency_key": key[1],
            "source_id": decision.document.source_id if decision.document else None,
        }
        return {**told, "superseded": True} if decision.superseded else told
