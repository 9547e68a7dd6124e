"""What an observed run would do to documents, as values: the material of a plan."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from levada_runtime.ingest.decide import Decision
from levada_runtime.ingest.model import Arrival, Outcome, Rejected, Rekeyed
from levada_runtime.ingest.page import Key, Staged, held_of
from levada_runtime.store.documents import Scope
from levada_runtime.store.model import Known
from levada_runtime.store.unit_of_work import UnitOfWork

MAX_RECORDS = 250_000
MAX_BYTES = 128 << 20
"""How many records, and how much of their payloads, an observed run may come to: all of it is held until it ends."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What one record would do: the payload before and after, and the version it was decided against."""

    document_type: str
    idempotency_key: str
    outcome: Outcome
    base_version: int | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Effects:
    """The effects of an observed run, in order, each over those before it."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._payloads: dict[Key, dict[str, Any]] = {}
        self.recorded: list[Effect] = []
        self.rejected: list[Rejected] = []
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether the run has come to more than can be held."""
        return len(self.recorded) + len(self.rejected) > MAX_RECORDS or self._bytes > MAX_BYTES

    def refuse(self, rejected: list[Rejected]) -> None:
        """Record what was refused."""
        self.rejected += rejected
        self._bytes += sum(map(held_of, rejected))

    def rekey(self, rekeyed: Iterable[Rekeyed]) -> None:
        """Know the payloads of documents by the keys that they would take."""
        for one in rekeyed:
            if (one.document_type, one.old) in self._payloads:
                self._payloads[one.document_type, one.new] = self._payloads.pop((one.document_type, one.old))

    def add(self, uow: UnitOfWork, decided: Iterable[tuple[Staged, Known | None, Decision]]) -> None:
        """Record what each decision would do."""
        for staged, known, decision in decided:
            before = self._before(uow, staged.key, known) if decision.moved else None
            after = self._after(staged, decision, before)
            self._bytes += len(staged.entry.idempotency_key)
            self.recorded.append(
                Effect(
                    document_type=staged.entry.document_type,
                    idempotency_key=staged.entry.idempotency_key,
                    outcome=decision.outcome,
                    base_version=known.version if known else None,
                    before=before,
                    after=after,
                )
            )

    def _before(self, uow: UnitOfWork, key: Key, known: Known | None) -> dict[str, Any] | None:
        if key in self._payloads or known is None:
            return self._payloads.get(key)
        return uow.documents.payloads(self._scope, [(known.document_id, known.version)])[known.document_id]

    def _after(self, staged: Staged, decision: Decision, before: dict[str, Any] | None) -> dict[str, Any] | None:
        if decision.outcome is Outcome.RETIRED or decision.superseded:
            return None if decision.outcome is Outcome.RETIRED else before
        if decision.new_version is None or not isinstance(staged.entry, Arrival):
            return before
        after: dict[str, Any] = orjson.loads(staged.entry.payload)
        self._bytes += len(staged.entry.payload)
        self._payloads[staged.key] = after
        return after
