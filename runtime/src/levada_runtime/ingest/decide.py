"""What an arriving record does to a document. Values in, values out: no clock, no store."""

import msgspec
from msgspec.structs import replace

from levada_runtime.ingest.model import Arrival, Outcome, Repeat, Retirement
from levada_runtime.ingest.recognise import same_salt
from levada_runtime.store.model import Known


class Decision(msgspec.Struct, frozen=True, gc=False):
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
    """Whether only what a document is recognised by changes, or as of when its source has confirmed it."""


def decide(arrival: Arrival, known: Known | None, document_id: int) -> Decision:
    """Decide one record; a new document takes `document_id`.

    A superseded decision writes a version unless the store has that payload already, which only the caller can look up.
    """
    if known is None:
        return Decision(Outcome.CREATED, _current(arrival, document_id, 1), 1)
    if is_older(arrival.source_time, known):
        return _superseded(arrival, known)
    if arrival.payload_hash == known.payload_hash:
        return _same(known, arrival)
    version = known.versions + 1
    fresh = replace(_current(arrival, known.document_id, version), source_time=_latest(arrival.source_time, known))
    return Decision(Outcome.UPDATED, fresh, version, moved=True)


def is_repeat(repeat: Repeat, known: Known | None) -> bool:
    """Tell whether the document's current version was made of the very same bytes."""
    return known is not None and not known.retired and known.fingerprint == repeat.fingerprint


def decide_repeat(repeat: Repeat, known: Known) -> Decision:
    """Decide a repeat, which changes nothing; it may still be told as older than what is there."""
    if is_older(repeat.source_time, known):
        return Decision(Outcome.UNCHANGED, known, superseded=True)
    return _confirmed(known, repeat.source_time, known.fingerprint)


def decide_retirement(retirement: Retirement, known: Known | None) -> Decision:
    """Decide the retirement of a document; one that is unknown or gone already stays so."""
    if known is None:
        return Decision(Outcome.UNCHANGED, known)
    if is_older(retirement.source_time, known):
        return Decision(Outcome.UNCHANGED, known, superseded=not known.retired)
    if known.retired:
        return _confirmed(known, retirement.source_time, known.fingerprint)
    latest = _latest(retirement.source_time, known)
    return Decision(Outcome.RETIRED, replace(known, retired=True, source_time=latest), moved=True)


def without_version(decision: Decision, known: Known) -> Decision:
    """Return a superseded decision for a payload that the document has had before: nothing is written."""
    return replace(decision, known=known, new_version=None, moved=False)


def is_older(source_time: int | None, known: Known) -> bool:
    """Tell whether the source said this before it said what is known."""
    return source_time is not None and known.source_time is not None and source_time < known.source_time


def _latest(source_time: int | None, known: Known) -> int | None:
    """Return when the source told of a document last; what comes without a time takes none back."""
    return known.source_time if source_time is None else source_time


def _superseded(arrival: Arrival, known: Known) -> Decision:
    if arrival.payload_hash == known.payload_hash:
        return Decision(Outcome.UNCHANGED, known, superseded=True)
    version = known.versions + 1
    return Decision(
        Outcome.UNCHANGED, replace(known, versions=version), new_version=version, superseded=True, moved=True
    )


def _same(known: Known, arrival: Arrival) -> Decision:
    if not known.retired:
        return _marked(known, arrival)
    fresh = replace(
        known,
        retired=False,
        source_time=_latest(arrival.source_time, known),
        fingerprint=arrival.fingerprint,
        source_id=arrival.source_id or known.source_id,
    )
    return Decision(Outcome.UPDATED, fresh, moved=True)


def _marked(known: Known, arrival: Arrival) -> Decision:
    """Leave the document as it is; one last seen under another contract is recognised under this one from now on.

    One that comes with another id than the document has is not, since a repeat is told by the document's own.
    """
    fresh, seen = arrival.fingerprint, known.fingerprint
    known_so = fresh is None or (seen is not None and same_salt(seen, fresh))
    if known_so and _latest(arrival.source_time, known) == known.source_time:
        return Decision(Outcome.UNCHANGED, known)
    return _confirmed(known, arrival.source_time, fresh if arrival.source_id == known.source_id else None)


def _confirmed(known: Known, source_time: int | None, fingerprint: bytes | None) -> Decision:
    """Leave the document as it is, but what its source told of before that moment comes too late from now on."""
    latest = _latest(source_time, known)
    if latest == known.source_time and fingerprint == known.fingerprint:
        return Decision(Outcome.UNCHANGED, known)
    fresh = replace(known, source_time=latest, fingerprint=fingerprint)
    return Decision(Outcome.UNCHANGED, fresh, marked=True)


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
