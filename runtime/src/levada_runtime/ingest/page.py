"""The page that is being filled: decided records in order, over what the store knows, and nothing written yet."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from levada_runtime.ingest.decide import (
    Decision,
    decide,
    decide_repeat,
    decide_retirement,
    is_older,
    is_repeat,
    without_version,
)
from levada_runtime.ingest.model import Accepted, Arrival, Rejected, Rekeyed, Repeat, Retirement
from levada_runtime.store.documents import Scope
from levada_runtime.store.model import Known
from levada_runtime.store.unit_of_work import UnitOfWork

Key = tuple[str, str]
"""(document type, idempotency key)"""
Payload = tuple[int, bytes]
"""(document id, payload hash)"""
Entry = Arrival | Repeat | Retirement
Readmit = Callable[[Repeat], Arrival]
"""What looks at a repeat as at a new record, when the document has moved since it was recognised."""

MAX_RECORDS = 10_000
MAX_BYTES = 64 << 20


class Staged(msgspec.Struct, frozen=True, gc=False):
    """A record with the id its document takes if it is new."""

    entry: Entry
    document_id: int

    @property
    def key(self) -> Key:
        return self.entry.document_type, self.entry.idempotency_key


class Decided(msgspec.Struct, frozen=True, gc=False):
    """A record, what was known of its document, and what was decided."""

    staged: Staged
    before: Known | None
    decision: Decision


@dataclass(slots=True)
class Page:
    """What a route emitted since the last commit."""

    staged: list[Staged] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)
    """What was decided of each staged record when it was answered for."""
    rejected: list[Rejected] = field(default_factory=list)
    bytes: int = 0
    exchanges: list[tuple[int, int | None]] = field(default_factory=list)
    """From which record on they were handed over after which HTTP exchange of the run."""

    calls: list[int] = field(default_factory=list)
    """From which record on they belong to another call."""
    rekeyed: list[Rekeyed] = field(default_factory=list)
    last: int | None = None
    """The connection's last page once this one has been written; None before anything was."""

    @property
    def full(self) -> bool:
        """Whether it has grown so large that a part is to be committed."""
        return len(self.staged) + len(self.rejected) > MAX_RECORDS or self.bytes > MAX_BYTES

    def add(self, decided: Sequence[Decided]) -> None:
        """Keep what was decided."""
        self.decided += decided
        self.staged += [one.staged for one in decided]
        self.bytes += sum([_size(one.staged.entry) for one in decided])

    def came_after(self, exchange: int | None) -> None:
        """Note the HTTP exchange after which the records come that are added from here on."""
        if not self.exchanges or self.exchanges[-1][1] != exchange:
            self.exchanges.append((len(self.staged), exchange))

    def parts(self, decided: list["Decided"]) -> list[tuple[int | None, list["Decided"]]]:
        """Return what was decided of the staged records, by the exchange after which they came."""
        starts = self.exchanges or [(0, None)]
        stops = [*(start for start, _ in starts[1:]), len(decided)]
        return [
            (exchange, decided if len(starts) == 1 else decided[start:stop])
            for (start, exchange), stop in zip(starts, stops, strict=True)
        ]

    def by_call(self) -> Iterator[tuple[int, list[Staged]]]:
        """Return the staged records of each call, and where the first of them stands."""
        starts = sorted({0, *self.calls})
        for start, stop in zip(starts, [*starts[1:], len(self.staged)], strict=True):
            if start < stop:
                yield start, self.staged[start:stop]

    def keep(self, places: Sequence[int]) -> None:
        """Leave out all staged records but those at these places, in order."""
        self.staged = [self.staged[place] for place in places]
        self.exchanges = [(bisect_left(places, start), exchange) for start, exchange in self.exchanges]
        self.calls = [bisect_left(places, start) for start in self.calls]

    def refuse(self, rejected: list[Rejected]) -> None:
        """Keep refused records; they count as much as those that were taken."""
        self.rejected += rejected
        self.bytes += sum(map(held_of, rejected))


class Overlay:
    """What is known of documents: the store's word, overlaid with this page's own records."""

    def __init__(self, scope: Scope, readmit: Readmit | None = None, as_of: int | None = None) -> None:
        """`as_of` is a page that is committed already, if one is known: whatever is looked at is at least as new."""
        self._scope = scope
        self._readmit = readmit
        self._known: dict[str, dict[str, Known | None]] = {}
        self._line: Sequence[Staged] = ()
        self._had: set[Payload] = set()
        self._asked: set[Payload] = set()
        self.as_of = as_of
        """The last page that was committed before the store was asked; None as long as nobody asked it."""

    def load(
        self, uow: UnitOfWork, document_type: str, keys: Iterable[str], meanwhile: Callable[[], None] | None = None
    ) -> dict[str, Known | None]:
        """Look up what is not known here yet, and return all that is known of that document type.

        `meanwhile` is done while the database looks, if it does that in its own time; else it is left undone.
        """
        of_type = self._known.setdefault(document_type, {})
        missing = {key for key in keys if key not in of_type}
        if missing:
            if self.as_of is None:
                self.as_of = uow.documents.last_page(self._scope)
            found = uow.documents.known(self._scope, document_type, missing, meanwhile)
            of_type.update(dict.fromkeys(missing) | found)
        return of_type

    def decide(self, uow: UnitOfWork, staged: Sequence[Staged]) -> list[Decided]:
        """Decide records in order, each over those before it."""
        self._line = staged
        return [self.apply(uow, one) for one in staged]

    def apply(self, uow: UnitOfWork, staged: Staged) -> Decided:
        """Decide a record and remember what it makes of its document."""
        entry = staged.entry
        of_type, key = self._known[entry.document_type], entry.idempotency_key
        known = of_type[key]
        if isinstance(entry, Repeat):
            if known is not None and is_repeat(entry, known):
                decision = decide_repeat(entry, known)
                of_type[key] = decision.known
                return Decided(staged, known, decision)
            assert self._readmit is not None  # only a run's own ingest recognises repeats
            staged = Staged(self._readmit(entry), staged.document_id)
            return self.apply(uow, staged)
        decision = (
            decide_retirement(entry, known)
            if isinstance(entry, Retirement)
            else self._arrived(uow, entry, known, staged.document_id)
        )
        of_type[key] = decision.known
        return Decided(staged, known, decision)

    def _arrived(self, uow: UnitOfWork, arrival: Arrival, known: Known | None, document_id: int) -> Decision:
        decision = decide(arrival, known, document_id)
        if decision.new_version is None or decision.known is None:
            return decision
        payload = decision.known.document_id, arrival.payload_hash
        if decision.superseded and known and self._has_had(uow, payload):
            return without_version(decision, known)
        self._had.add(payload)
        return decision

    def _has_had(self, uow: UnitOfWork, payload: Payload) -> bool:
        """Tell whether a document has had a payload; of all that come too late it is asked at once."""
        if payload not in self._had and payload not in self._asked:
            late = {payload, *self._late()}
            self._asked |= late
            self._had |= uow.documents.had(self._scope, late)
        return payload in self._had

    def _late(self) -> Iterator[Payload]:
        """Return the payloads that are older than what is known of their documents."""
        for entry in (one.entry for one in self._line):
            known = self._known[entry.document_type][entry.idempotency_key]
            if isinstance(entry, Arrival) and known is not None and is_older(entry.source_time, known):
                yield known.document_id, entry.payload_hash


def answer_for(decided: Decided) -> Accepted:
    """Return what the author is told of a staged record."""
    entry, decision = decided.staged.entry, decided.decision
    known = decision.known
    version = decision.new_version or (known.version if known else None)
    payload_hash = entry.payload_hash if isinstance(entry, Arrival) else known.payload_hash if known else None
    return Accepted(
        entry.place,
        decision.outcome,
        known.document_id if known else None,
        version,
        payload_hash,
        entry.idempotency_key,
        None if isinstance(entry, Retirement) else entry.source_id,
        decision.superseded,
    )


def held_of(rejected: Rejected) -> int:
    """Return how many characters a refused record holds, of its payload and of all that it was named and told."""
    texts = (rejected.reason, rejected.message, rejected.idempotency_key, rejected.source_id, rejected.payload)
    return sum(len(text) for text in texts if text)


def _size(entry: Entry) -> int:
    if isinstance(entry, Arrival):
        return len(entry.payload)
    return len(entry.draft.payload or b"") if isinstance(entry, Repeat) else 0
