"""What an arriving record does to a document. Values in, values out: no clock, no store."""

from dataclasses import dataclass, replace

from levada_runtime.ingest.model import Arrival, Outcome, Retirement
from levada_runtime.store.model import Known


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be written for one record, and what is known of the document afterwards."""

    outcome: Outcome
    known: Known | None
    new_version: int | None = None
    """The version to write; None when no version is."""
    superseded: bool = False
    """Whether the record is older than the document's current version."""
    moved: bool = False
    """Whether the document's own row changes."""


def decide(arrival: Arrival, known: Known | None, document_id: int) -> Decision:
    """Decide one record; a new document takes `document_id`.

    A superseded decision writes a version unless the store has that payload already, which only the caller can look up.
    """
    if known is None:
        fresh = Known(document_id, 1, 1, arrival.payload_hash, arrival.source_time, retired=False)
        return Decision(Outcome.CREATED, fresh, new_version=1)
    if _is_older(arrival.source_time, known):
        return _superseded(arrival, known)
    if arrival.payload_hash == known.payload_hash:
        return _same(known, arrival)
    version = known.versions + 1
    moved = Known(known.document_id, version, version, arrival.payload_hash, arrival.source_time, retired=False)
    return Decision(Outcome.UPDATED, moved, new_version=version, moved=True)


def decide_retirement(retirement: Retirement, known: Known | None) -> Decision:
    """Decide the retirement of a document; one that is unknown or gone already stays so."""
    if known is None or known.retired:
        return Decision(Outcome.UNCHANGED, known)
    if _is_older(retirement.source_time, known):
        return Decision(Outcome.UNCHANGED, known, superseded=True)
    latest = known.source_time if retirement.source_time is None else retirement.source_time
    return Decision(Outcome.RETIRED, replace(known, retired=True, source_time=latest), moved=True)


def without_version(decision: Decision, known: Known) -> Decision:
    """Return a superseded decision for a payload that the document has had before: nothing is written."""
    return replace(decision, known=known, new_version=None, moved=False)


def _is_older(source_time: int | None, known: Known) -> bool:
    return source_time is not None and known.source_time is not None and source_time < known.source_time


def _superseded(arrival: Arrival, known: Known) -> Decision:
    if arrival.payload_hash == known.payload_hash:
        return Decision(Outcome.UNCHANGED, known, superseded=True)
    version = known.versions + 1
    return Decision(
        Outcome.UNCHANGED, replace(known, versions=version), new_version=version, superseded=True, moved=True
    )


def _same(known: Known, arrival: Arrival) -> Decision:
    if not known.retired:
        return Decision(Outcome.UNCHANGED, known)
    latest = known.source_time if arrival.source_time is None else arrival.source_time
    return Decision(Outcome.UPDATED, replace(known, retired=False, source_time=latest), moved=True)
