"""Who asserts what of an entity: the source, the run, the time of every part, the document behind it, and who differs.

A claim names the run that wrote it last. What it has said for longer an earlier run said, which is found by the time.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from levada_runtime.access.built_in import REST
from levada_runtime.foundation.errors import NotFoundFailure
from levada_runtime.foundation.ids import spell_document
from levada_runtime.graph.absent import no_entity
from levada_runtime.graph.checks import storable
from levada_runtime.graph.merge import same
from levada_runtime.graph.projecting import document_of
from levada_runtime.graph.ranking import Ranking
from levada_runtime.store.columns import from_micros
from levada_runtime.store.graph_model import EntityClaimRow
from levada_runtime.store.model import RunRow, VersionRow
from levada_runtime.store.unit_of_work import UnitOfWork

Told = dict[str, Any]


def entity_told(uow: UnitOfWork, org_id: int, kind: str, external_id: str, trait: str | None = None) -> Told:
    """Return who asserts what of an entity, the foremost of each part first.

    Raises NotFoundFailure when there is no such entity, or nobody asserts the trait.
    """
    known = storable(kind) and storable(external_id)
    row = uow.graph.entity_by_key(org_id, kind, external_id) if known else None
    if row is None:
        raise no_entity(uow, org_id, (kind, external_id))
    orders = uow.graph_priorities.orders(org_id)
    claims = [_Claimed(uow, org_id, one) for one in uow.graph.claims_on(org_id, [row.id])]
    parts = _parts(claims, Ranking(orders).ranks(kind, [one.source for one in claims]) or [0] * len(claims))
    if trait is not None:
        parts = [one for one in parts if one["part"] == f"traits.{trait}"]
        if not parts:
            raise NotFoundFailure(f"nobody asserts the trait {trait!r} of {kind} {external_id!r}", code="unknown_trait")
    names = {"class": row.class_, "display_name": row.display_name}
    return {
        "entity": {"id": row.uid, "kind": kind, "key": external_id, **names},
        "parts": parts,
        "claims": [one.told() for one in claims],
        "priority": orders.get(kind),
    }


class _Claimed:
    """What one source says, and where it has that from."""

    def __init__(self, uow: UnitOfWork, org_id: int, row: EntityClaimRow) -> None:
        self._uow = uow
        self._org_id = org_id
        self._row = row
        self.source = row.source
        self._run = uow.runs.get(org_id, row.run_id) if row.run_id else None
        self._place = document_of(row.source)
        self._document = uow.documents.get(org_id, *self._place) if self._place else None
        self._versions: Sequence[VersionRow] = ()
        if self._place and self._document:
            self._versions = uow.documents.versions_of((org_id, self._place[0]), self._place[1])

    def told(self) -> Told:
        """Return the claim as a whole."""
        return {
            "source": self.source,
            "asserted_at": _at(self._row.stamp),
            "run": run_told(self._run),
            "document": self._told_document(),
        }

    def sayings(self) -> Iterator[tuple[str, int, Told]]:
        """Yield each part that the claim speaks of, with its stamp, and how it came about."""
        own = ("class", self._row.class_), ("display_name", self._row.display_name)
        traits = [(f"traits.{name}", value) for name, value in self._row.traits.items()]
        for name, value in [one for one in own if one[1] is not None] + traits:
            stamp = self._row.asserted.get(name, self._row.stamp)
            told = {"source": self.source, "value": value, "asserted_at": _at(stamp), "run": self._run_at(stamp)}
            document = None
            if self._place is not None and self._document is not None:
                version = self._version_at(from_micros(stamp))
                number = version.version if version else None
                document = {"id": spell_document(*self._place), "version": number}
            yield name, stamp, {**told, "document": document}

    def _run_at(self, stamp: int) -> str | None:
        """Return the run that asserted something; None where nobody can tell, or there was none."""
        at = from_micros(stamp)
        if self._versions:
            version = self._version_at(at)
            return version.page.run_id if version and version.page.mode != REST else None
        if self._run is None or self._run.started_at is None or self._run.started_at <= at:
            return self._row.run_id
        found = self._uow.runs.under_way(self._org_id, self._run.connection_id, self._run.stream, at)
        return found[0] if len(found) == 1 else None

    def _version_at(self, at: datetime) -> VersionRow | None:
        """Return the version of the document that was current at a moment."""
        return next((one for one in self._versions if not one.superseded and one.page.committed_at <= at), None)

    def _told_document(self) -> Told | None:
        if self._place is None or self._document is None:
            return None
        return {
            "id": spell_document(*self._place),
            "document_type": self._document.document_type,
            "idempotency_key": self._document.idempotency_key,
            "connection": self._uow.connections.names(self._org_id).get(self._place[0]),
            "version": self._document.version,
        }


def _parts(claims: Sequence[_Claimed], ranks: Sequence[int]) -> list[Told]:
    """Return every part with who asserts it, the foremost first, which is the one that counts."""
    said: dict[str, list[tuple[int, int, Told]]] = {}
    for claim, rank in zip(claims, ranks, strict=True):
        for name, stamp, told in claim.sayings():
            said.setdefault(name, []).append((rank, -stamp, told))
    parts = []
    for name, sayings in said.items():
        foremost, *others = (told for _, _, told in sorted(sayings, key=lambda one: one[:2]))
        conflicts = [one for one in others if not same(one["value"], foremost["value"])]
        parts.append({"part": name, **foremost, "conflicts": conflicts})
    return parts


def run_told(run: RunRow | None) -> Told | None:
    """Return a run in a few words."""
    if run is None:
        return None
    return {
        "id": run.id,
        "mode": run.mode,
        "stream": run.stream,
        "state": run.state,
        "started_at": _iso(run.started_at),
        "finished_at": _iso(run.finished_at),
        "reverts": run.reverts,
    }


def _at(stamp: int) -> str:
    return from_micros(stamp).isoformat()


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
