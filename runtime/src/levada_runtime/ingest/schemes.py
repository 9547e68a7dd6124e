"""Law 7: a record that the source has sent before under another key is refused, until an operator accepts the scheme.

A connector that spells its keys anew would have every document made a second time. Its records are known by their id
at the source: one whose key is new and whose `source_id` is not is refused, or, once the scheme is accepted, takes the
document over under the new key. What a call hands over together is never held against itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from levada_runtime.ingest.gates import Problem, refusal
from levada_runtime.ingest.model import Arrival, Rejected, Rekeyed, Repeat
from levada_runtime.ingest.reasons import Reason
from levada_runtime.store.columns import to_micros
from levada_runtime.store.documents import Scope
from levada_runtime.store.model import Known, Sourced
from levada_runtime.store.unit_of_work import UnitOfWork

Entry = Arrival | Repeat
Documents = dict[str, Known | None]
"""What is known of one type's documents by key, the page's own records included."""
Holders = dict[str, list[Sourced]]
"""By new key: the documents that its record's source id is known by already."""


class Succession(NamedTuple):
    """A document that is to take another key, with the record's word for it."""

    rekeyed: Rekeyed
    old: Sourced
    stream: str


@dataclass(slots=True)
class Sifted:
    """The records of a call, told apart."""

    clear: list[Entry]
    refused: list[Rejected] = field(default_factory=list)
    rekeyed: list[Succession] = field(default_factory=list)


class Schemes:
    """Under which keys the records of a source are known, by the store and by the page that is being filled."""

    def __init__(self, scope: Scope, connection: str) -> None:
        self._scope = scope
        self._connection = connection
        self._unread: list[Sequence[Entry]] = []
        self._page: dict[tuple[str, str, str], set[str]] = {}
        self._gone: set[tuple[str, str]] = set()

    def remember(self, entries: Sequence[Entry]) -> None:
        """Take note of records that are in the page; nothing is done about them before somebody asks."""
        self._unread.append(entries)

    def take_over(self, documents: Documents, sifted: Sifted) -> None:
        """Know documents by the keys that they take from now on."""
        for (_, kind, old, new), holder, stream in sifted.rekeyed:
            documents[new] = documents.get(old) or holder.known
            documents[old] = None
            self._gone.add((kind, old))
            self._page.get((kind, stream, holder.source_id), set()).discard(old)

    def sift(self, uow: UnitOfWork, documents: Documents, entries: list[Entry]) -> Sifted:
        """Tell apart the records of a call."""
        held = self._holders(uow, documents, entries)
        if not held:
            return Sifted(entries)
        own = {one.idempotency_key for one in entries}
        refused, rekeyed = self._judge(uow, entries[0], held, own)
        found = [
            refusal(one, refused[one.idempotency_key])
            for one in entries
            if isinstance(one, Arrival) and one.idempotency_key in refused
        ]
        return Sifted([one for one in entries if one.idempotency_key not in refused], found, rekeyed)

    def _judge(
        self, uow: UnitOfWork, first: Entry, held: Holders, own: set[str]
    ) -> tuple[dict[str, Problem], list[Succession]]:
        """Decide of each doubtful key whether it takes a document over, is refused, or is only one of several."""
        kind = first.document_type
        accepted_at = uow.schemes.accepted_at(self._scope, first.stream, kind)
        accepted = None if accepted_at is None else to_micros(accepted_at)
        refused: dict[str, Problem] = {}
        rekeyed: list[Succession] = []
        for key, holders in held.items():
            others = [one for one in holders if one.idempotency_key not in own]
            old = next((one for one in others if _stood(one, accepted)), None)
            if old is not None and old.known is not None:
                own.add(old.idempotency_key)
                taken = Rekeyed(old.known.document_id, kind, old.idempotency_key, key)
                rekeyed.append(Succession(taken, old, first.stream))
            elif others:
                refused[key] = self._changed(first, key, others[0])
        return refused, rekeyed

    def _holders(self, uow: UnitOfWork, documents: Documents, entries: Sequence[Entry]) -> Holders:
        wanted: dict[str, str] = {}
        for one in entries:
            if documents.get(one.idempotency_key) is None and one.source_id and not _fixed(one):
                wanted.setdefault(one.idempotency_key, one.source_id)
        if not wanted:
            return {}
        kind, stream, source_ids = entries[0].document_type, entries[0].stream, set(wanted.values())
        found: dict[str, dict[str, Sourced]] = {}
        for each in uow.documents.sourced(self._scope, kind, stream, source_ids):
            if (kind, each.idempotency_key) not in self._gone:
                found.setdefault(each.source_id, {})[each.idempotency_key] = each
        for source_id, key in self._in_page(kind, stream, source_ids):
            found.setdefault(source_id, {}).setdefault(key, Sourced(source_id, key, None, None))
        return {key: list(found[source_id].values()) for key, source_id in wanted.items() if source_id in found}

    def _in_page(self, kind: str, stream: str, source_ids: Iterable[str]) -> Iterator[tuple[str, str]]:
        for entries in self._unread:
            for one in entries:
                if one.source_id:
                    place = (one.document_type, one.stream, one.source_id)
                    self._page.setdefault(place, set()).add(one.idempotency_key)
        self._unread.clear()
        if self._page:
            for source_id in source_ids:
                yield from ((source_id, key) for key in sorted(self._page.get((kind, stream, source_id), ())))

    def _changed(self, entry: Entry, key: str, holder: Sourced) -> Problem:
        way_out = f"runtime streams accept-scheme {self._connection} {entry.stream} --type {entry.document_type}"
        told = (
            f"{holder.source_id!r} at the source is known under the key {holder.idempotency_key!r} and comes under "
            f"{key!r} now: it would be imported a second time. If the new scheme is meant, `{way_out}` lets the "
            "documents take their new keys"
        )
        return Problem(Reason.IDEMPOTENCY_SCHEME_CHANGED, told)


def _fixed(entry: Entry) -> bool:
    return not isinstance(entry, Arrival) or entry.source_id_fixed


def _stood(holder: Sourced, accepted: int | None) -> bool:
    """Tell whether a document had its key before the new scheme was accepted."""
    return accepted is not None and holder.since is not None and holder.since < accepted
