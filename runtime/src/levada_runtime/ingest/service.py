"""The ingest of one run: answers every call exactly, writes nothing until the page is committed.

No transaction is open between two calls: a call reads what it needs and lets go.
"""

from collections.abc import Sequence
from datetime import datetime

from levada import Draft
from levada_runtime.contracts.registry import Registry
from levada_runtime.foundation.ids import row_ids
from levada_runtime.ingest.admit import admit, not_asked, refusals_of, unavailable
from levada_runtime.ingest.commit import write_page, write_rejected
from levada_runtime.ingest.effects import Effects
from levada_runtime.ingest.gates import Gate, Problem, refusal
from levada_runtime.ingest.model import Accepted, Answer, Arrival, Counts, Origin, Rejected, Repeat, Retirement
from levada_runtime.ingest.page import Entry, Overlay, Page, Staged, answer_for
from levada_runtime.ingest.parts import OpenCall, Part
from levada_runtime.ingest.reasons import Reason
from levada_runtime.ingest.recognise import fingerprints, repeat_of, salt_of
from levada_runtime.ingest.schemes import Documents, Sifted
from levada_runtime.ingest.sieve import Sieve
from levada_runtime.store.failures import UNAVAILABLE
from levada_runtime.store.unit_of_work import Store, UnitOfWork


class Ingest:
    """Takes the records of one run; in observation they go no further than `effects`."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        origin: Origin,
        *,
        observing: bool = False,
        gates: Sequence[Gate] = (),
    ) -> None:
        self._store = store
        self._registry = registry
        self.origin = origin
        self.effects = Effects(origin.scope) if observing else None
        self._gates = gates
        self._sieve = Sieve(origin, gates)
        self.page = Page()
        self._overlay = Overlay(origin.scope, self._readmit)
        self._calls: dict[int, OpenCall] = {}
        self._spent: tuple[Page, Overlay] | None = None

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
        """Take the next records of a call; the answer comes with the last, and nothing is staged before."""
        if call not in self._calls:
            # One call is open at a time: what is left of another was given up half-way.
            self._calls = {call: OpenCall()}
            self.page.calls.append(len(self.page.staged))
        state = self._calls[call]
        part = state.follow(stream, document_type, drafts)
        self._look_up(part, state)
        self._look_at(state)
        state.waiting = part
        if not last:
            return None
        self._look_at(state)
        del self._calls[call]
        accepted = self._take(state, document_type, whole=not continue_on_error) if state.held else []
        state.rejected.sort(key=lambda one: one.index)
        self.page.refuse(state.rejected)
        return Answer(accepted, state.rejected, refused=bool(state.rejected) and not continue_on_error)

    def retire(self, stream: str, document_type: str, idempotency_key: str, source_time: int | None) -> Accepted:
        """Take the word that a record is gone at its source."""
        self.page.calls.append(len(self.page.staged))
        with self._store.look() as uow:
            self._overlay.load(uow, document_type, [idempotency_key])
            return self._stage(uow, [Retirement(0, stream, document_type, idempotency_key, source_time)])[0]

    def write(self, uow: UnitOfWork, at: datetime) -> Counts:
        """Write the page in this unit of work; once that has committed, call `clear`."""
        projected = self._registry.projected
        return write_page(uow, self.origin, self.page, at, self._overlay.as_of, self._readmit, self._gates, projected)

    def write_rejected(self, uow: UnitOfWork, at: datetime) -> Counts:
        """Keep only the refused records of a page that is dropped."""
        write_rejected(uow, self.origin, self.page.rejected, at)
        counts = Counts()
        counts.refuse(self.page.rejected)
        return counts

    def clear(self) -> None:
        """Begin the next page; in observation the overlay goes on, since nothing of it is ever committed.

        What the last page held goes with `let_go`, for which nobody need wait.
        """
        self._spent = self.page, self._overlay
        if self.effects is None:
            self._overlay = Overlay(self.origin.scope, self._readmit, self.page.last)
            self._sieve = Sieve(self.origin, self._gates)
        else:
            self.effects.refuse(self.page.rejected)
        self.page = Page(last=self.page.last)

    def let_go(self) -> None:
        """Let go of what the last page held."""
        self._spent = None

    def _look_up(self, part: Part, state: OpenCall) -> None:
        """Ask the store about a part; where it answers in its own time, the one before it is looked at meanwhile."""
        contract = self._registry.get(part.document_type)
        if contract is None:
            return
        part.refused = refusals_of(part.drafts)

        def meanwhile() -> None:
            part.prints = fingerprints(salt_of(contract, self.origin), part.drafts)
            self._look_at(state)

        try:
            with self._store.look() as uow:
                part.known = self._overlay.load(uow, part.document_type, part.keys, meanwhile)
        except UNAVAILABLE as lost:
            part.lost = lost

    def _look_at(self, state: OpenCall) -> None:
        """Look at the part that waits for it, if one does."""
        part, state.waiting = state.waiting, None
        if part is not None:
            state.take(self._admit(part))

    def _admit(self, part: Part) -> Sequence[Arrival | Repeat | Rejected]:
        """Recognise the records that are as they were, and look at the others.

        If the store could not be asked about them they are refused for that, and kept as any other.
        """
        contract = self._registry.get(part.document_type)
        if part.lost is not None:
            return unavailable(part.drafts, part.first, part.stream, part.document_type, part.lost)
        if contract is None:
            return admit(self._registry, self.origin, part.stream, part.document_type, part.drafts, part.places)
        prints = part.prints or fingerprints(salt_of(contract, self.origin), part.drafts)
        found = [
            repeat_of(draft, seen, part.known.get(draft.idempotency_key or ""), place, part.stream, part.document_type)
            for draft, seen, place in zip(part.drafts, prints, part.places, strict=True)
        ]
        fresh = [at for at, repeat in enumerate(found) if repeat is None]
        looked_at = iter(
            admit(
                self._registry,
                self.origin,
                part.stream,
                part.document_type,
                [part.drafts[at] for at in fresh],
                [part.places[at] for at in fresh],
                [prints[at] for at in fresh],
                [part.refused[at] for at in fresh],
            )
        )
        return [repeat or next(looked_at) for repeat in found]

    def _readmit(self, repeat: Repeat) -> Arrival:
        """Look at a repeat as at a new record; it fits its contract, since what it repeats does."""
        (arrival,) = admit(
            self._registry, self.origin, repeat.stream, repeat.document_type, [repeat.draft], [repeat.place]
        )
        assert isinstance(arrival, Arrival)
        return arrival

    def _take(self, state: OpenCall, document_type: str, *, whole: bool) -> list[Accepted]:
        """Stage the held records that nothing stands against; of a `whole`, nothing once any of it was refused."""
        sifted = None
        try:
            with self._store.look() as uow:
                documents = self._overlay.load(uow, document_type, ())
                sifted = self._sieve.sift(uow, documents, state.held)
                state.rejected += sifted.refused
                if whole and state.rejected:
                    return []
                self._let_through(documents, sifted)
                return self._stage(uow, sifted.clear)
        except UNAVAILABLE as lost:
            if sifted is not None:  # some of it may be staged: the run has to begin again from its last page
                raise
            problem = Problem(Reason.STORE_UNAVAILABLE, not_asked(lost))
            state.rejected += [refusal(one, problem) for one in state.held]
            return []

    def _let_through(self, documents: Documents, sifted: Sifted) -> None:
        self._sieve.let_through(documents, sifted)
        rekeyed = [one.rekeyed for one in sifted.rekeyed]
        self.page.rekeyed += rekeyed
        if self.effects is not None:
            self.effects.rekey(rekeyed)

    def _stage(self, uow: UnitOfWork, entries: Sequence[Entry]) -> list[Accepted]:
        ids = row_ids(len(entries)) if entries else range(0)
        staged = [Staged(entry, document_id) for entry, document_id in zip(entries, ids, strict=True)]
        decided = self._overlay.decide(uow, staged)
        if self.effects is not None:
            self.effects.add(uow, decided)
        self.page.add(decided)
        return [answer_for(one) for one in decided]
