"""What an arriving record does to a document. Values in, values out."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from levada.testing.admit import Arrival


@dataclass(frozen=True, slots=True)
class Version:
    """One payload that a document has had."""

    payload: str
    payload_hash: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document with all its versions, counted from one; `current` is the number of the one in force."""

    document_id: str
    stream: str
    source_id: str | None
    versions: tuple[Version, ...]
    current: int
    source_time: datetime | None
    retired: bool = False
    since: int | None = None
    """Since which commit it has had its key; None before its first."""

    @property
    def version(self) -> Version:
        """The version in force."""
        return self.versions[self.current - 1]


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one record; the document is the one afterwards, the same object when nothing changes."""

    outcome: Literal["created", "updated", "unchanged", "retired"]
    document: Document | None
    number: int | None = None
    event: str | None = None
    superseded: bool = False


def decide(known: Document | None, arrival: Arrival, document_id: str, stream: str) -> Decision:
    """Decide an arrival; a new document takes `document_id`."""
    version = Version(arrival.payload, arrival.payload_hash)
    if known is None:
        fresh = Document(document_id, stream, arrival.source_id, (version,), 1, arrival.source_time)
        return Decision("created", fresh, 1, "document.created")
    if _is_older(arrival.source_time, known):
        return _superseded(known, version)
    if version.payload_hash == known.version.payload_hash:
        return _same(known, arrival)
    number = len(known.versions) + 1
    latest = arrival.source_time or known.source_time
    moved = replace(
        known,
        source_id=arrival.source_id or known.source_id,
        versions=(*known.versions, version),
        current=number,
        source_time=latest,
        retired=False,
    )
    return Decision("updated", moved, number, "document.updated")


def decide_retirement(known: Document | None, source_time: datetime | None) -> Decision:
    """Decide the retirement of a document; one that is unknown or gone already stays so."""
    if known is None:
        return Decision("unchanged", known)
    if _is_older(source_time, known):
        return Decision("unchanged", known, superseded=not known.retired)
    if known.retired:
        return Decision("unchanged", _confirmed(known, source_time))
    gone = replace(known, retired=True, source_time=source_time or known.source_time)
    return Decision("retired", gone, event="document.retired")


def _is_older(source_time: datetime | None, known: Document) -> bool:
    return source_time is not None and known.source_time is not None and source_time < known.source_time


def _superseded(known: Document, version: Version) -> Decision:
    if any(version.payload_hash == had.payload_hash for had in known.versions):
        return Decision("unchanged", known, superseded=True)
    number = len(known.versions) + 1
    return Decision("unchanged", replace(known, versions=(*known.versions, version)), number, superseded=True)


def _same(known: Document, arrival: Arrival) -> Decision:
    if not known.retired:
        return Decision("unchanged", _confirmed(known, arrival.source_time))
    revived = replace(known, retired=False, source_time=arrival.source_time or known.source_time)
    return Decision("updated", revived, event="document.updated")


def _confirmed(known: Document, source_time: datetime | None) -> Document:
    """Leave a document as it is; what its source told of before that moment comes too late from now on."""
    if source_time is None or source_time == known.source_time:
        return known
    return replace(known, source_time=source_time)
