"""Writing a page: what was decided holds, or is decided anew, against the store as it is now; then all is written."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from levada_runtime.foundation.ids import row_id, row_ids
from levada_runtime.foundation.text import legible
from levada_runtime.ingest.decide import Decision
from levada_runtime.ingest.gates import Gate
from levada_runtime.ingest.model import Arrival, Counts, Origin, Outcome, Rejected, Repeat, Retirement
from levada_runtime.ingest.page import Decided, Overlay, Page, Readmit, Staged
from levada_runtime.ingest.schemes import Documents
from levada_runtime.ingest.sieve import Sieve
from levada_runtime.store.columns import from_micros, to_micros
from levada_runtime.store.model import Known, PageRow, QuarantineRow
from levada_runtime.store.unit_of_work import UnitOfWork
from levada_runtime.work.outbox import enqueue

_EVENTS = {outcome: f"document.{outcome}" for outcome in Outcome}
_WORD = 200
"""Characters that are kept of a word that nothing here knows."""


def write_page(
    uow: UnitOfWork,
    origin: Origin,
    page: Page,
    at: datetime,
    as_of: int | None = None,
    readmit: Readmit | None = None,
    gates: Sequence[Gate] = (),
    projected: frozenset[str] = frozenset(),
) -> Counts:
    """Write documents, versions, provenance, events and quarantine of a page in this unit of work.

    What was decided when the records were answered for holds if `as_of`, the last page committed then, still is the
    last; otherwise somebody else wrote meanwhile, and each record is decided anew, a repeat that is none any more as
    what `readmit` makes of it. The `projected` types stand for something in the graph, to which their events are
    carried.
    """
    uow.lock("documents", *origin.scope)
    last = uow.documents.last_page(origin.scope)
    decided = page.decided
    if as_of != last or gates:
        decided = _decide_anew(uow, origin, page, readmit, Sieve(origin, gates))
    ids = row_ids(len(decided)) if decided else range(0)
    rows = _Rows(origin, last, to_micros(at), iter(ids))
    for exchange, part in page.parts(decided):
        rows.page_id, written, naming = max(row_id(), rows.page_id + 1), rows.written, rows.naming
        for one in part:
            if one.decision.moved or one.decision.new_version or one.decision.marked:
                rows.add(one)
        if rows.written > written:
            uow.documents.add_page(_page_row(origin, rows.page_id, at, exchange), bare=rows.naming == naming)
            last = rows.page_id
    if page.rekeyed:
        if not rows.written:
            uow.documents.add_page(_page_row(origin, rows.page_id, at, None), bare=True)
            last = rows.page_id
        uow.documents.rekey(origin.scope, page.rekeyed, rows.at)
    if rows.anything:
        uow.documents.write(rows.new(), rows.changed(), rows.versions(), rows.events())
        concerned = not projected.isdisjoint(one.staged.entry.document_type for one in rows.touched.values())
        enqueue(uow, origin.scope, ids[: len(rows.told)], at, projected=concerned)
    uow.documents.mark(rows.marks)
    page.last = last
    write_rejected(uow, origin, page.rejected, at)
    return _counted(decided, page.rejected)


def _counted(decided: Sequence[Decided], rejected: Sequence[Rejected]) -> Counts:
    counts = Counts()
    found = Counter([(one.staged.entry.document_type, one.decision.outcome) for one in decided])
    for (document_type, outcome), count in found.items():
        counts.add(document_type, outcome, count)
    counts.refuse(rejected)
    return counts


def _decide_anew(uow: UnitOfWork, origin: Origin, page: Page, readmit: Readmit | None, sieve: Sieve) -> list[Decided]:
    """Decide call by call what may still be taken; what may not is refused, and leaves the page."""
    overlay = Overlay(origin.scope, readmit)
    keys: dict[str, set[str]] = {}
    for staged in page.staged:
        keys.setdefault(staged.entry.document_type, set()).add(staged.entry.idempotency_key)
    for document_type, of_type in keys.items():
        overlay.load(uow, document_type, of_type)
    decided: list[Decided] = []
    kept: list[int] = []
    page.rekeyed = []
    for start, call in page.by_call():
        documents = overlay.load(uow, call[0].entry.document_type, ())
        looked_at = [_looked_at(one, documents, readmit) for one in call]
        sifted = sieve.sift(uow, documents, [one.entry for one in looked_at if not isinstance(one.entry, Retirement)])
        sieve.let_through(documents, sifted)
        page.rekeyed += [one.rekeyed for one in sifted.rekeyed]
        page.refuse(sifted.refused)
        gone = {one.index for one in sifted.refused}
        staying = [at for at, one in enumerate(looked_at) if one.entry.place not in gone]
        kept += [start + at for at in staying]
        decided += overlay.decide(uow, [looked_at[at] for at in staying])
    if len(kept) < len(page.staged):
        page.keep(kept)
    return decided


def _looked_at(staged: Staged, documents: Documents, readmit: Readmit | None) -> Staged:
    """Look anew at a repeat of a document that nobody knows any more: somebody gave it another key meanwhile."""
    if isinstance(staged.entry, Repeat) and documents.get(staged.entry.idempotency_key) is None and readmit:
        return Staged(readmit(staged.entry), staged.document_id)
    return staged


def write_rejected(uow: UnitOfWork, origin: Origin, rejected: list[Rejected], at: datetime) -> None:
    """Put refused records into quarantine."""
    if not rejected:
        return
    uow.lock("documents", *origin.scope)
    ids = row_ids(len(rejected))
    uow.quarantine.keep([_quarantine_row(origin, one, number, at) for one, number in zip(rejected, ids, strict=True)])


@dataclass(slots=True)
class _Touched:
    """A document's last state in this page."""

    staged: Staged
    known: Known
    source_id: str | None
    is_new: bool


class _Made(msgspec.Struct, frozen=True, gc=False):
    """A record of which a version is made, an event, or both; `page_id` is the page that it names."""

    staged: Staged
    known: Known
    before: Known | None
    decision: Decision
    page_id: int


@dataclass(slots=True)
class _Rows:
    """The rows a page comes to; those there are many of are made while the database takes those before them."""

    origin: Origin
    page_id: int
    at: int
    event_ids: Iterator[int]
    touched: dict[int, _Touched] = field(default_factory=dict)
    made: list[_Made] = field(default_factory=list)
    told: list[_Made] = field(default_factory=list)
    marked: dict[int, Known] = field(default_factory=dict)
    """Documents of which nothing changes but how they are recognised, and as of when they are confirmed."""
    confirmed: int = 0

    @property
    def anything(self) -> bool:
        return bool(self.touched)

    @property
    def written(self) -> int:
        """How much so far has to have a page: rows that name it, and moments that others have to decide over."""
        return self.naming + self.confirmed

    @property
    def naming(self) -> int:
        """How many rows so far name their page."""
        return len(self.made) + len(self.told)

    def add(self, decided: Decided) -> None:
        staged, before, decision = decided.staged, decided.before, decided.decision
        known = decision.known
        assert known is not None  # whatever is written is known afterwards
        if decision.marked:
            self._mark(known, before)
            return
        self._touch(staged, known, is_new=before is None, superseded=decision.superseded)
        made = _Made(staged, known, before, decision, self.page_id)
        if decision.new_version:
            self.made.append(made)
        if not decision.superseded:
            self.told.append(made)

    def new(self) -> Iterator[tuple[Any, ...]]:
        return (self._document(touched) for touched in self.touched.values() if touched.is_new)

    def changed(self) -> Iterator[tuple[Any, ...]]:
        return (self._change(touched) for touched in self.touched.values() if not touched.is_new)

    def versions(self) -> Iterator[tuple[Any, ...]]:
        return map(self._version, self.made)

    def events(self) -> Iterator[tuple[Any, ...]]:
        return map(self._event, self.told, self.event_ids)

    @property
    def marks(self) -> list[tuple[Any, ...]]:
        scope = self.origin.scope
        return [(one.fingerprint, one.source_time, *scope, one.document_id) for one in self.marked.values()]

    def _mark(self, known: Known, before: Known | None) -> None:
        self.confirmed += before is None or before.source_time != known.source_time
        touched = self.touched.get(known.document_id)
        if touched is None:
            self.marked[known.document_id] = known
        else:
            touched.known = known

    def _touch(self, staged: Staged, known: Known, *, is_new: bool, superseded: bool) -> None:
        earlier = self.touched.get(known.document_id)
        self.marked.pop(known.document_id, None)
        fresh = staged.entry.source_id if isinstance(staged.entry, Arrival) and not superseded else None
        source_id = fresh or (earlier.source_id if earlier else None)
        self.touched[known.document_id] = _Touched(staged, known, source_id, earlier.is_new if earlier else is_new)

    def _version(self, made: _Made) -> tuple[Any, ...]:
        arrival, known = made.staged.entry, made.known
        assert isinstance(arrival, Arrival)  # nothing else makes a version
        return (
            *self.origin.scope,
            known.document_id,
            made.decision.new_version,
            arrival.payload_hash,
            arrival.payload,
            arrival.source_id,
            arrival.source_time,
            arrival.contract_version,
            made.page_id,
            int(made.decision.superseded),
        )

    def _event(self, made: _Made, event_id: int) -> tuple[Any, ...]:
        """Return the event of a document; its payload and provenance are the version's and the page's."""
        known, before = made.known, made.before
        return (
            *self.origin.scope,
            event_id,
            _EVENTS[made.decision.outcome],
            made.staged.entry.document_type,
            self.at,
            None,
            known.document_id,
            known.version,
            before.version if before else None,
            made.page_id,
            None,
            None,
        )

    def _document(self, touched: _Touched) -> tuple[Any, ...]:
        entry, known = touched.staged.entry, touched.known
        return (
            *self.origin.scope,
            known.document_id,
            entry.document_type,
            entry.idempotency_key,
            entry.stream,
            touched.source_id,
            known.version,
            known.versions,
            known.payload_hash,
            known.source_time,
            self.at if known.retired else None,
            self.at,
            self.at,
            known.fingerprint,
        )

    def _change(self, touched: _Touched) -> tuple[Any, ...]:
        known = touched.known
        return (
            known.version,
            known.versions,
            known.payload_hash,
            touched.source_id,
            known.source_time,
            self.at if known.retired else None,
            self.at,
            known.fingerprint,
            *self.origin.scope,
            known.document_id,
        )


def _page_row(origin: Origin, page_id: int, at: datetime, exchange: int | None) -> PageRow:
    return PageRow(
        org_id=origin.org_id,
        connection_id=origin.connection_id,
        id=page_id,
        run_id=origin.run_id,
        attempt=origin.attempt,
        stream=origin.stream,
        mode=origin.mode,
        connector=origin.connector,
        connector_version=origin.connector_version,
        scheduled_for=origin.scheduled_for,
        committed_at=at,
        receipt_id=origin.receipt_id,
        exchange=exchange,
    )


def _quarantine_row(origin: Origin, rejected: Rejected, record_id: int, at: datetime) -> QuarantineRow:
    what = (rejected.reason, rejected.idempotency_key or "", rejected.payload or rejected.message)
    return QuarantineRow(
        org_id=origin.org_id,
        connection_id=origin.connection_id,
        id=record_id,
        stream=rejected.stream,
        document_type=legible(rejected.document_type)[:_WORD],
        fingerprint=hashlib.sha256("\x00".join(what).encode()).digest(),
        idempotency_key=legible(rejected.idempotency_key) if rejected.idempotency_key else None,
        source_id=legible(rejected.source_id) if rejected.source_id else None,
        payload=legible(rejected.payload) if rejected.payload else None,
        reason=legible(rejected.reason)[:_WORD],
        message=legible(rejected.message),
        errors=[asdict(error) for error in rejected.errors],
        state="open",
        times=1,
        run_id=origin.run_id,
        first_seen_at=at,
        last_seen_at=at,
        source_time=None if rejected.source_time is None else from_micros(rejected.source_time),
        source_id_fixed=rejected.source_id_fixed,
    )
