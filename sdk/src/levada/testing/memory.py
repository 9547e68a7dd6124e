"""Documents in memory: what a test's `ingest` keeps, page by page, by the same laws as the runtime's store.

Documents are immutable values, so a page is an overlay of new ones that is merged when it commits and forgotten when
it is dropped. `levada.testing.ingest_suite` holds this double and the real ingest to the same laws.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from levada._ingest import BatchResult, Draft, FailedRecord, IngestResult
from levada.contracts import CONTRACTS, Contract
from levada.errors import BadRecord, BatchRejected
from levada.testing.admit import Arrival, admit, closed, unavailable
from levada.testing.decide import Decision, Document, decide, decide_retirement
from levada.testing.schemes import judge, refusal

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


def with_extensions(contracts: Iterable[type[Contract]]) -> Mapping[str, type[Contract]]:
    """Return the canonical contracts with these besides or in place of them, by document type."""
    return {**CONTRACTS, **{contract.document_type: contract for contract in contracts}}


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
        self.closed: set[str] = set()
        """The idempotency keys of records whose period is closed: a new version of one is refused."""
        self.reachable = True
        """Whether the store can be asked; records that come while it cannot are refused and may be sent again."""
        self._contracts = contracts
        self._page: dict[Key, Document | None] = {}
        self._by_source: dict[tuple[str, str, str], dict[str, None]] = {}
        self._accepted: dict[tuple[str, str], int] = {}
        self._moment = 0
        self._happened: list[Event] = []
        self._made = 0

    @property
    def documents(self) -> MemoryDocuments:
        """The current payloads of committed documents."""
        return MemoryDocuments(self.committed)

    def emit(self, stream: str, document_type: str, drafts: Iterable[Draft], *, continue_on_error: bool) -> BatchResult:
        """Take the records of one call into the page. Raises BatchRejected when one is invalid and all were meant."""
        given = list(drafts)
        admitted = [
            admit(self._contracts, draft, index, document_type, self.connection, self.connector)
            for index, draft in enumerate(given)
        ]
        if not self.reachable:
            admitted = [unavailable(draft, index, document_type) for index, draft in enumerate(given)]
        arrivals, taken = self._judged(stream, document_type, [one for one in admitted if isinstance(one, Arrival)])
        failed = [one for one in (*admitted, *arrivals) if isinstance(one, FailedRecord)]
        failed.sort(key=lambda one: one.index)
        self.quarantine += failed
        if failed and not continue_on_error:
            raise BatchRejected(failed)
        for new, old in taken.items():
            self._rekey((document_type, old), (document_type, new))
        results = [self._take(stream, one) for one in arrivals if isinstance(one, Arrival)]
        outcomes = [result.outcome for result in results]
        return BatchResult(
            status="observed" if self.observing else "ingested",
            document_type=document_type,
            count=len(given),
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
        kept = dict(values or {})
        self._moment += 1
        for key, document in self._page.items():
            if document is None:
                self.committed.pop(key, None)
            else:
                self.committed[key] = document if document.since else replace(document, since=self._moment)
        self.events += self._happened
        if place is not None:
            self.checkpoints[place] = kept
        self.drop_page()

    def accept_scheme(self, stream: str, document_type: str) -> None:
        """Let documents that have had their keys so far take those that their records come under from now on."""
        self._moment += 1
        self._accepted[stream, document_type] = self._moment

    def observed(self) -> "MemoryIngest":
        """Return an ingest over what is committed here, that commits nothing."""
        observing = MemoryIngest(
            connection=self.connection, connector=self.connector, observing=True, contracts=self._contracts
        )
        observing.committed = dict(self.committed)
        observing._by_source = {place: dict(keys) for place, keys in self._by_source.items()}
        observing._accepted = dict(self._accepted)
        observing._moment = self._moment
        observing.checkpoints = {place: dict(values) for place, values in self.checkpoints.items()}
        return observing

    def drop_page(self) -> None:
        """Forget what was emitted since the last commit."""
        self._page = {}
        self._happened = []

    def _known(self, key: Key) -> Document | None:
        return self._page[key] if key in self._page else self.committed.get(key)

    def _judged(
        self, stream: str, document_type: str, arrivals: Sequence[Arrival]
    ) -> tuple[list[Arrival | FailedRecord], dict[str, str]]:
        """Return the records of a call, those refused whose keys are spelt anew, and who takes which key's document."""
        judged = judge(
            arrivals,
            lambda key: self._known((document_type, key)) is not None,
            lambda one: self._holders(stream, one),
            self._accepted.get((stream, document_type)),
        )
        told: list[Arrival | FailedRecord] = []
        for one in arrivals:
            if one.idempotency_key in judged.refused:
                told.append(refusal(one, judged.refused[one.idempotency_key], self.connection, stream))
            else:
                told.append(closed(one) if self._is_closed(one) else one)
        kept = {one.idempotency_key for one in told if isinstance(one, Arrival)}
        return told, {new: old for new, old in judged.taken.items() if new in kept}

    def _is_closed(self, arrival: Arrival) -> bool:
        known = self._known((arrival.document_type, arrival.idempotency_key))
        same = known is not None and not known.retired and known.version.payload_hash == arrival.payload_hash
        return arrival.idempotency_key in self.closed and not same

    def _holders(self, stream: str, arrival: Arrival) -> list[tuple[str, Document]]:
        keys = self._by_source.get((arrival.document_type, stream, arrival.source_id or ""), {})
        known = ((key, self._known((arrival.document_type, key))) for key in keys)
        found = [(key, one) for key, one in known if one and (one.stream, one.source_id) == (stream, arrival.source_id)]
        return sorted(found, key=lambda held: int(held[1].document_id.rpartition("-")[2]))

    def _rekey(self, old: Key, new: Key) -> None:
        document = self._known(old)
        assert document is not None  # it was just found
        self._page[old] = None
        self._page[new] = replace(document, since=None)
        self._note_source(new, document)

    def _note_source(self, key: Key, document: Document) -> None:
        place = (key[0], document.stream, document.source_id or "")
        self._by_source.setdefault(place, {})[key[1]] = None

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
            self._note_source(key, decision.document)
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
