"""Where a document or an entity came from: the whole chain in one answer, so that nobody has to join logs."""

from datetime import datetime
from typing import Any

from levada_runtime.access.built_in import REST
from levada_runtime.foundation.errors import NotFoundFailure
from levada_runtime.foundation.ids import read_document, spell_document, spell_version
from levada_runtime.plans.apply import MODE as APPLY
from levada_runtime.plans.asserted import entity_told, run_told
from levada_runtime.store.documents import Scope
from levada_runtime.store.history import Turn
from levada_runtime.store.model import DocumentRow, OrgRow, PageRow, RunRow, VersionRow
from levada_runtime.store.unit_of_work import Store, UnitOfWork

Told = dict[str, Any]


class Why:
    """Answers for one organisation at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def document(self, org: OrgRow, document_id: str, version: int | None = None) -> Told:
        """Return how a version of a document, the current one unless another is named, came to be.

        Raises NotFoundFailure.
        """
        with self._store.read() as uow:
            place = read_document(document_id)
            row = uow.documents.get(org.id, *place) if place else None
            if row is None:
                raise NotFoundFailure(f"there is no document {document_id!r}")
            scope = row.org_id, row.connection_id
            kept = {one.version: one for one in uow.documents.versions_of(scope, row.id)}
            number = row.version if version is None else version
            if number not in kept:
                raise NotFoundFailure(f"the document has no version {number}", hint=f"it has {len(kept)}")
            turns = [one for one in uow.history.turns(scope, [row.id]).get(row.id, []) if one.version == number]
            return {
                "document": _document(uow, org, row),
                "version": _version(row, kept[number]),
                **_chain(uow, scope, kept[number].page),
                "turned": _turned(uow, scope, turns[-1]) if turns else None,
            }

    def entity(self, org: OrgRow, kind: str, external_id: str, trait: str | None = None) -> Told:
        """Return who asserts what of an entity, since when, by which run and for which document; of all or one trait.

        Raises NotFoundFailure.
        """
        with self._store.read() as uow:
            return entity_told(uow, org.id, kind, external_id, trait)


def _document(uow: UnitOfWork, org: OrgRow, row: DocumentRow) -> Told:
    return {
        "id": spell_document(row.connection_id, row.id),
        "document_type": row.document_type,
        "idempotency_key": row.idempotency_key,
        "source_id": row.source_id,
        "connection": uow.connections.names(org.id).get(row.connection_id),
        "version": row.version,
        "versions": row.versions,
        "retired_at": _iso(row.retired_at),
    }


def _version(row: DocumentRow, version: VersionRow) -> Told:
    return {
        "id": spell_version(spell_document(row.connection_id, row.id), version.version),
        "version": version.version,
        "superseded": version.superseded,
        "payload_hash": version.payload_hash.hex(),
        "contract_version": version.contract_version,
        "source_id": version.source_id,
    }


def _chain(uow: UnitOfWork, scope: Scope, page: PageRow) -> Told:
    """Return a page, and what led to it."""
    run = uow.runs.get(scope[0], page.run_id)
    return {
        "page": {"committed_at": _iso(page.committed_at), "attempt": page.attempt, "mode": page.mode},
        "run": run_told(run),
        "request": page.run_id if page.mode == REST else None,
        "tick": _tick(uow, scope, page),
        "exchange": _exchange(uow, run, page.exchange),
        "receipt": _receipt(uow, scope, page.receipt_id),
        "plan": _plan(uow, run),
        "connector": {"key": page.connector, "version": page.connector_version},
    }


def _tick(uow: UnitOfWork, scope: Scope, page: PageRow) -> Told | None:
    if page.scheduled_for is None:
        return None
    tick = uow.ticks.at(*scope, page.stream, page.scheduled_for)
    decided_at = None if tick is None else _iso(tick.decided_at)
    return {"scheduled_for": _iso(page.scheduled_for), "decided_at": decided_at}


def _exchange(uow: UnitOfWork, run: RunRow | None, ordinal: int | None) -> Told | None:
    found = uow.runs.exchange(run, ordinal) if run is not None and ordinal is not None else None
    if found is None:
        return None
    return {
        "ordinal": ordinal,
        "at": _iso(found.at),
        "method": found.method,
        "url": found.url,
        "status": found.status,
    }


def _receipt(uow: UnitOfWork, scope: Scope, receipt_id: str | None) -> Told | None:
    receipt = uow.receipts.get(scope[0], receipt_id) if receipt_id is not None else None
    if receipt is None:
        return None
    return {"id": receipt.id, "received_at": _iso(receipt.received_at), "delivery_id": receipt.delivery_id}


def _plan(uow: UnitOfWork, run: RunRow | None) -> Told | None:
    """Return the plan that a run carried out, and the run that had observed it."""
    if run is None or run.mode != APPLY or run.plan_id is None:
        return None
    plan = uow.plans.get(run.org_id, run.plan_id)
    return None if plan is None else {"id": plan.id, "observed_by": run_told(uow.runs.get(run.org_id, plan.run_id))}


def _turned(uow: UnitOfWork, scope: Scope, turn: Turn) -> Told | None:
    """Return what retired or revived a document last, under the version that it had."""
    page = uow.history.page(scope, turn.page_id)
    return None if page is None else {"to": "retired" if turn.retired else "revived", **_chain(uow, scope, page)}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
