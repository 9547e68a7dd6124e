"""What an observed run would do to documents, as values: the material of a plan."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from levada_runtime.ingest.decide import Decision
from levada_runtime.ingest.model import Arrival, Outcome, Rejected, Rekeyed, Retirement
from levada_runtime.ingest.page import Decided, Key, Staged, held_of
from levada_runtime.store.documents import Scope
from levada_runtime.store.model import Known
from levada_runtime.store.unit_of_work import UnitOfWork

MAX_RECORDS = 250_000
MAX_BYTES = 128 << 20
"""How many records, and how much of their payloads, an observed run may come to: all of it is held until it ends."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What one record would do: the payload before and after, and what it was decided against.

    A record that would write anything carries its own `payload`, whether or not that would become the current one, and
    what else came with it, so that it can be handed in again; a retirement has none.
    """

    document_id: int
    document_type: str
    idempotency_key: str
    stream: str
    outcome: Outcome
    base_version: int | None
    """The version that was current; None where there was no document."""
    base_retired: bool
    superseded: bool
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    payload: dict[str, Any] | None = None
    source_id: str | None = None
    source_time: int | None = None
    rekeyed_from: str | None = None
    """The key that the document had until now, when an accepted scheme gives it this one."""
    confirms: bool = False
    """Whether nothing would change but as of when the source has confirmed the document."""


class Effects:
    """The effects of an observed run, in order, each over those before it."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._payloads: dict[Key, dict[str, Any]] = {}
        self._rekeyed: dict[Key, str] = {}
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
            self._rekeyed[one.document_type, one.new] = one.old
            if (one.document_type, one.old) in self._payloads:
                self._payloads[one.document_type, one.new] = self._payloads.pop((one.document_type, one.old))

    def add(self, uow: UnitOfWork, decided: Iterable[Decided]) -> None:
        """Record what each decision would do."""
        for one in decided:
            staged, known, decision = one.staged, one.before, one.decision
            before = self._before(uow, staged.key, known) if decision.moved else None
            rekeyed_from = self._rekeyed.pop(staged.key, None)
            payload = self._payload(staged, decision, rekeyed=rekeyed_from is not None)
            entry = staged.entry
            self._bytes += len(entry.idempotency_key)
            self.recorded.append(
                Effect(
                    document_id=known.document_id if known else staged.document_id,
                    document_type=entry.document_type,
                    idempotency_key=entry.idempotency_key,
                    stream=entry.stream,
                    outcome=decision.outcome,
                    base_version=known.version if known else None,
                    base_retired=known is not None and bool(known.retired),
                    superseded=decision.superseded,
                    before=before,
                    after=self._after(staged.key, decision, before, payload),
                    payload=payload,
                    source_id=None if isinstance(entry, Retirement) else entry.source_id,
                    source_time=entry.source_time,
                    rekeyed_from=rekeyed_from,
                    confirms=payload is None and _confirms(decision, known),
                )
            )

    def _before(self, uow: UnitOfWork, key: Key, known: Known | None) -> dict[str, Any] | None:
        if key in self._payloads or known is None:
            return self._payloads.get(key)
        return uow.documents.payloads(self._scope, [(known.document_id, known.version)])[known.document_id]

    def _payload(self, staged: Staged, decision: Decision, *, rekeyed: bool) -> dict[str, Any] | None:
        """Return the payload of a record that would write anything."""
        entry = staged.entry
        if not isinstance(entry, Arrival) or not (decision.new_version or decision.moved or rekeyed):
            return None
        self._bytes += len(entry.payload)
        payload: dict[str, Any] = orjson.loads(entry.payload)
        return payload

    def _after(
        self, key: Key, decision: Decision, before: dict[str, Any] | None, payload: dict[str, Any] | None
    ) -> dict[str, Any] | None:
        if decision.outcome is Outcome.RETIRED:
            return None
        if decision.superseded or decision.new_version is None or payload is None:
            return before
        self._payloads[key] = payload
        return payload


def _confirms(decision: Decision, known: Known | None) -> bool:
    """Tell whether a record that changes nothing else moves the time up to which its document is confirmed."""
    later = known is not None and decision.known is not None and decision.known.source_time != known.source_time
    return later and decision.outcome is Outcome.UNCHANGED
