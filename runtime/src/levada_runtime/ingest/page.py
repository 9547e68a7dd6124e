"""The page that is being filled: decided records in order, over what the store knows, and nothing written yet."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from levada_runtime.ingest.decide import Decision, decide, decide_retirement, without_version
from levada_runtime.ingest.model import Accepted, Arrival, Rejected, Retirement
from levada_runtime.store.documents import Scope
from levada_runtime.store.model import Known
from levada_runtime.store.unit_of_work import UnitOfWork

Key = tuple[str, str]
"""(document type, idempotency key)"""

MAX_RECORDS = 10_000
MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Staged:
    """A record with the id its document takes if it is new."""

    entry: Arrival | Retirement
    document_id: int

    @property
    def key(self) -> Key:
        return self.entry.document_type, self.entry.idempotency_key


Decided = tuple[Staged, Known | None, Decision]
"""A record, what was known of its document, and what was decided."""


@dataclass(slots=True)
class Page:
    """What a route emitted since the last commit."""

    staged: list[Staged] = field(default_factory=list)
    decided: list["Decided"] = field(default_factory=list)
    """What was decided of each staged record when it was answered for."""
    rejected: list[Rejected] = field(default_factory=list)
    bytes: int = 0
    exchanges: list[tuple[int, int | None]] = field(default_factory=list)
    """From which record on they were handed over after which HTTP exchange of the run."""

    @property
    def full(self) -> bool:
        """Whether it has grown so large that a part is to be committed."""
        return len(self.staged) + len(self.rejected) > MAX_RECORDS or self.bytes > MAX_BYTES

    def add(self, decided: "Decided") -> None:
        staged = decided[0]
        self.staged.append(staged)
        self.decided.append(decided)
        if isinstance(staged.entry, Arrival):
            self.bytes += len(staged.entry.payload)

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

    def refuse(self, rejected: list[Rejected]) -> None:
        """Keep refused records; they count as much as those that were taken."""
        self.rejected += rejected
        self.bytes += sum(len(one.payload or one.message) for one in rejected)

    def clear(self) -> None:
        self.staged.clear()
        self.decided.clear()
        self.rejected.clear()
        self.exchanges.clear()
        self.bytes = 0


class Overlay:
    """What is known of documents: the store's word, overlaid with this page's own records."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._known: dict[Key, Known | None] = {}
        self._hashes: dict[int, set[bytes]] = {}
        self._pages: set[int] = set()

    @property
    def as_of(self) -> int | None:
        """The last page that was committed when the store was asked; None if one was committed between two looks."""
        return next(iter(self._pages)) if len(self._pages) == 1 else None

    def load(self, uow: UnitOfWork, keys: Iterable[Key]) -> None:
        """Look up what is not known here yet, once per document type."""
        self._pages.add(uow.documents.last_page(self._scope))
        missing: dict[str, set[str]] = {}
        for document_type, key in keys:
            if (document_type, key) not in self._known:
                missing.setdefault(document_type, set()).add(key)
        for document_type, wanted in missing.items():
            found = uow.documents.known(self._scope, document_type, wanted)
            self._known.update({(document_type, key): found.get(key) for key in wanted})

    def decide(self, uow: UnitOfWork, staged: Iterable[Staged]) -> list[Decided]:
        """Decide records in order, each over those before it."""
        return [(one, self._known[one.key], self.apply(uow, one)) for one in staged]

    def apply(self, uow: UnitOfWork, staged: Staged) -> Decision:
        """Decide a record and remember what it makes of its document."""
        known = self._known[staged.key]
        if isinstance(staged.entry, Retirement):
            decision = decide_retirement(staged.entry, known)
        else:
            decision = decide(staged.entry, known, staged.document_id)
            if decision.superseded and decision.new_version and known and self._had(uow, known, staged.entry):
                decision = without_version(decision, known)
            if decision.new_version and decision.known:
                self._hashes.setdefault(decision.known.document_id, set()).add(staged.entry.payload_hash)
        self._known[staged.key] = decision.known
        return decision

    def _had(self, uow: UnitOfWork, known: Known, arrival: Arrival) -> bool:
        if arrival.payload_hash in self._hashes.get(known.document_id, ()):
            return True
        return uow.documents.has_version(self._scope, known.document_id, arrival.payload_hash)


def answer_for(staged: Staged, decision: Decision) -> Accepted:
    """Return what the author is told of a staged record."""
    entry, known = staged.entry, decision.known
    version = decision.new_version or (known.version if known else None)
    if isinstance(entry, Retirement):
        payload_hash = known.payload_hash if known else None
        source_id = None
    else:
        payload_hash, source_id = entry.payload_hash, entry.source_id
    return Accepted(
        index=entry.index,
        outcome=decision.outcome,
        document_id=known.document_id if known else None,
        version=version,
        payload_hash=payload_hash,
        idempotency_key=entry.idempotency_key,
        source_id=source_id,
        superseded=decision.superseded,
    )
