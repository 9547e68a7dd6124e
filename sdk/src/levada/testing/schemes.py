"""Law 7: a record that is known by its id at the source, and comes under a key that is not, is no new record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from levada._ingest import FailedRecord
from levada.testing.admit import Arrival
from levada.testing.decide import Document

Holders = Callable[[Arrival], Sequence[tuple[str, Document]]]
"""The documents that are known by an arrival's id at the source, oldest first, each with its key."""


@dataclass(slots=True)
class Judged:
    """What law 7 says of the records of one call: the keys that are refused, and those that take a document over."""

    refused: dict[str, str] = field(default_factory=dict)
    """By new key: the key that its record is known under."""
    taken: dict[str, str] = field(default_factory=dict)
    """By new key: the key that its document had until now."""


def judge(
    arrivals: Sequence[Arrival], is_known: Callable[[str], bool], holders: Holders, accepted: int | None
) -> Judged:
    """Judge the records of one call, none against another; documents keyed before `accepted` may take new keys."""
    judged, own = Judged(), {one.idempotency_key for one in arrivals}
    for one in arrivals:
        key = one.idempotency_key
        if key in judged.refused or key in judged.taken or one.source_id_fixed or not one.source_id or is_known(key):
            continue
        others = [(other, document) for other, document in holders(one) if other not in own]
        old = next((other for other, document in others if _stood(document, accepted)), None)
        if old is not None:
            own.add(old)
            judged.taken[key] = old
        elif others:
            judged.refused[key] = others[0][0]
    return judged


def refusal(arrival: Arrival, old: str, connection: str, stream: str) -> FailedRecord:
    """Return the refusal of a record whose source spells its keys anew, with the way out."""
    way_out = f"runtime streams accept-scheme {connection} {stream} --type {arrival.document_type}"
    return FailedRecord(
        reason="idempotency_scheme_changed",
        message=f"{arrival.source_id!r} at the source is known under the key {old!r} and comes under "
        f"{arrival.idempotency_key!r} now: it would be imported a second time. If the new scheme is meant, "
        f"`{way_out}` lets the documents take their new keys",
        retryable=False,
        document_type=arrival.document_type,
        source_id=arrival.source_id,
        idempotency_key=arrival.idempotency_key,
        index=arrival.index,
    )


def _stood(document: Document, accepted: int | None) -> bool:
    return accepted is not None and document.since is not None and document.since < accepted
