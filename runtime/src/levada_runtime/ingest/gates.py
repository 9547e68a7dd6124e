"""Gates: what may still refuse a valid record before it is committed, such as a ledger whose period is closed.

A gate is asked when a record is answered for, and again in the transaction that would commit it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from levada import RecordError
from levada_runtime.ingest.model import Arrival, Origin, Rejected, Repeat
from levada_runtime.ingest.reasons import Reason
from levada_runtime.store.model import Known
from levada_runtime.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a valid record is refused all the same."""

    reason: Reason
    message: str
    errors: tuple[RecordError, ...] = ()


class Gate(Protocol):
    """Something that has a say in whether a record is taken."""

    def problems(self, uow: UnitOfWork, origin: Origin, arrivals: Sequence[Arrival]) -> Mapping[int, Problem]:
        """Return what is in the way of each refused record, by its place in `arrivals`."""
        ...


def ask(
    gates: Sequence[Gate],
    uow: UnitOfWork,
    origin: Origin,
    documents: Mapping[str, Known | None],
    entries: list[Arrival | Repeat],
) -> tuple[list[Arrival | Repeat], list[Rejected]]:
    """Return the records that every gate lets through, and the refusals of the others.

    A record that repeats its document's current version changes nothing, so that no gate has a say in it.
    """
    asked = [one for one in entries if isinstance(one, Arrival) and not _is_known(one, documents)]
    problems: dict[int, Problem] = {}
    for gate in gates:
        problems = {**gate.problems(uow, origin, asked), **problems}
    if not problems:
        return entries, []
    refused = {asked[at].place: problem for at, problem in problems.items()}
    passed = [one for one in entries if one.place not in refused]
    return passed, [refusal(one, refused[one.place]) for one in asked if one.place in refused]


def _is_known(arrival: Arrival, documents: Mapping[str, Known | None]) -> bool:
    known = documents.get(arrival.idempotency_key)
    return known is not None and not known.retired and known.payload_hash == arrival.payload_hash


def refusal(one: Arrival | Repeat, problem: Problem) -> Rejected:
    """Return the refusal of a record that there was nothing wrong with by itself."""
    return Rejected(
        index=one.place,
        stream=one.stream,
        document_type=one.document_type,
        reason=str(problem.reason),
        message=problem.message,
        errors=problem.errors,
        idempotency_key=one.idempotency_key,
        source_id=one.source_id,
        payload=(one.draft.payload or b"").decode(errors="replace") if isinstance(one, Repeat) else one.payload,
        source_time=one.source_time,
        source_id_fixed=one.draft.source_id_fixed if isinstance(one, Repeat) else one.source_id_fixed,
    )
