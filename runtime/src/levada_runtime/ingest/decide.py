"""What an arriving record does to a document. Values in, values out: no clock, no store."""

from typing import NamedTuple

from levada_runtime.ingest.model import Arrival, Outcome, Repeat, Retirement
from levada_runtime.ingest.recognise import same_salt
from levada_runtime.store.model import Known


class Decision(NamedTuple):
    """What is to be written for one record, and what is known of the document afterwards."""

    outcome: Outcome
    known: Known | None
    new_version: int | None = None
    """The version to write; None when no version is."""
    superseded: bool = False
    """Whether the record is older than the document's current version."""
    moved: bool = False
    """Whether the document's own row changes."""
    marked: bool = False
    """Whether only the fingerprint that the document is recognised by changes."""


def decide(arrival: Arrival, known: Known | None, document_id: int) -> Decision:
    """Decide one record; a new document takes `document_id`.

    A superseded decision writes a version unless the store has that payload already, which only the caller can look up.
    """
    if known is None:
        return Decision(Outcome.CREATED, _current(arrival, document_id, 1), 1)
    if _is_older(arrival.source_time, known):
        return _superseded(arrival, known)
    if arrival.payload_hash == known.payload_hash:
        return _same(known, arrival)
    version = known.versions + 1
    return Decision(Outcome.UPDATED, _current(arrival, known.document_id, version), version, moved=True)


def is_repeat(repeat: Repeat, known: Known | None) -> bool:
    """Tell whether the document's current version was made of the very same bytes."""
    return known is not None and not known.retired and known.fingerprint == repeat.fingerprint


def decide_repeat(repeat: Repeat, known: Known) -> Decision:
    """Decide a repeat, which changes nothing; it may still be told as older than what is there."""
    return Decision(Outcome.UNCHANGED, known, None, _is_older(repeat.source_time, known))


def decide_retirement(retirement: Retirement, known: Known | None) -> Decision:
    """Decide the retirement of a document; one that is unknown or gone already stays so."""
    if known is None or known.retired:
        return Decision(Outcome.UNCHANGED, known)
    if _is_older(retirement.source_time, known):
        return Decision(Outcome.UNCHANGED, known, superseded=True)
    latest = known.source_time if retirement.source_time is None else retirement.source_time
    return Decision(Outcome.RETIRED, known._replace(retired=True, source_time=latest), moved=True)


def without_version(decision: Decision, known: Known) -> Decision:
    """Return a superseded decision for a payload that the document has had before: nothing is written."""
    return decision._replace(known=known, new_version=None, moved=False)


def _is_older(source_time: int | None, known: Known) -> bool:
    return source_time is not None and known.source_time is not None and source_time < known.source_time


def _superseded(arrival: Arrival, known: Known) -> Decision:
    if arrival.payload_hash == known.payload_hash:
        return Decision(Outcome.UNCHANGED, known, superseded=True)
    version = known.versions + 1
    return Decision(
        Outcome.UNCHANGED, known._replace(versions=version), new_version=version, superseded=True, moved=True
    )


def _same(known: Known, arrival: Arrival) -> Decision:
    if not known.retired:
        return _marked(known, arrival)
    latest = known.source_time if arrival.source_time is None else arrival.source_time
    return Decision(Outcome.UPDATED, known._replace(retired=False, source_time=latest), moved=True)


def _marked(known: Known, arrival: Arrival) -> Decision:
    """Leave the document as it is; one last seen under another contract is recognised under this one from now on."""
    fresh, seen = arrival.fingerprint, known.fingerprint
    if fresh is None or (seen is not None and same_salt(seen, fresh)):
        return Decision(Outcome.UNCHANGED, known)
    return Decision(Outcome.UNCHANGED, known._replace(fingerprint=fresh), marked=True)


def _current(arrival: Arrival, document_id: int, version: int) -> Known:
    return Known(
        document_id,
        version,
        version,
        arrival.payload_hash,
        arrival.source_time,
        False,  # noqa: FBT003 - in the order of the columns; names would cost a third more
        arrival.fingerprint,
        arrival.source_id,
    )
