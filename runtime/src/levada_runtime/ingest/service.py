"""The ingest of one run: answers every call exactly, writes nothing until the page is committed.

No transaction is open between two calls: a call reads what it needs and lets go.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from levada import Draft
from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.ids import row_ids
from levada_runtime.ingest.admit import admit
from levada_runtime.ingest.commit import write_page, write_rejected
from levada_runtime.ingest.effects import Effects
from levada_runtime.ingest.model import Accepted, Answer, Arrival, Counts, Origin, Rejected, Retirement
from levada_runtime.ingest.page import Overlay, Page, Staged, answer_for
from levada_runtime.store.unit_of_work import Store, UnitOfWork


@dataclass(slots=True)
class _OpenCall:
    """A call whose records arrive in several frames."""

    records: int = 0
    held: list[Arrival] = field(default_factory=list)
    accepted: list[Accepted] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


class Ingest:
    """Takes the records of one run; in observation they go no further than `effects`."""

    def __init__(self, store: Store, registry: Registry, origin: Origin, *, observing: bool = False) -> None:
        self._store = store
        self._registry = registry
        self.origin = origin
        self.effects = Effects(origin.scope) if observing else None
        self.page = Page()
        self._overlay = Overlay(origin.scope)
        self._calls: dict[int, _OpenCall] = {}

    def emit(
        self,
        call: int,
        stream: str,
        document_type: str,
        drafts: Sequence[Draft],
        *,
        continue_on_error: bool,
        last: bool,
    ) -> Answer | None:
        """Take the next records of a call; the answer comes with the last.

        Without `continue_on_error` nothing is staged before all of them are known to be valid.
        """
        if call not in self._calls:
            # One call is open at a time: what is left of another was given up half-way.
            self._calls = {call: _OpenCall()}
        state = self._calls[call]
        for one in admit(self._registry, self.origin, stream, document_type, drafts, state.records):
            (state.rejected if isinstance(one, Rejected) else state.held).append(one)  # type: ignore[arg-type]  # split by kind
        state.records += len(drafts)
        if continue_on_error or (last and not state.rejected):
            state.accepted += self._stage(state.held)
            state.held = []
        return self._end(call, refused=bool(state.rejected) and not continue_on_error) if last else None

    def retire(self, stream: str, document_type: str, idempotency_key: str, source_time: int | None) -> Accepted:
        """Take the word that a record is gone at its source."""
        return self._stage([Retirement(0, stream, document_type, idempotency_key, source_time)])[0]

    def write(self, uow: UnitOfWork, at: datetime) -> Counts:
        """Write the page in this unit of work; once that has committed, call `clear`."""
        return write_page(uow, self.origin, self.page, at, self._overlay.as_of)

    def write_rejected(self, uow: UnitOfWork, at: datetime) -> Counts:
        """Keep only the refused records of a page that is dropped."""
        write_rejected(uow, self.origin, self.page.rejected, at)
        counts = Counts()
        for rejected in self.page.rejected:
            counts.add(rejected.document_type, "failed")
        return counts

    def clear(self) -> None:
        """Begin the next page; in observation the overlay goes on, since nothing of it is ever committed."""
        if self.effects is None:
            self._overlay = Overlay(self.origin.scope)
        else:
            self.effects.refuse(self.page.rejected)
        self.page.clear()

    def _end(self, call: int, *, refused: bool) -> Answer:
        state = self._calls.pop(call)
        self.page.refuse(state.rejected)
        return Answer(state.accepted, state.rejected, refused)

    def _stage(self, entries: Sequence[Arrival | Retirement]) -> list[Accepted]:
        ids = row_ids(len(entries)) if entries else range(0)
        staged = [Staged(entry, document_id) for entry, document_id in zip(entries, ids, strict=True)]
        with self._store.read() as uow:
            self._overlay.load(uow, (one.key for one in staged))
            decided = self._overlay.decide(uow, staged)
            if self.effects is not None:
                self.effects.add(uow, decided)
        for each in decided:
            self.page.add(each)
        return [answer_for(one, decision) for one, _, decision in decided]
