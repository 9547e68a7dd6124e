"""Documents and refused records as the command line and the API show them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from levada_runtime.access.built_in import REST
from levada_runtime.foundation.ids import spell_document, spell_version
from levada_runtime.store.model import DocumentRow, PageRow, QuarantineRow, VersionRow


def document_view(row: DocumentRow, connections: Mapping[int, str]) -> dict[str, Any]:
    """Return a document with its current payload and where that came from."""
    return {
        "id": spell_document(row.connection_id, row.id),
        "document_type": row.document_type,
        "idempotency_key": row.idempotency_key,
        "source_id": row.source_id,
        "connection": connections.get(row.connection_id),
        "version": row.version,
        "versions": row.versions,
        "retired_at": _iso(row.retired_at),
        "payload": row.payload,
        "payload_hash": row.payload_hash.hex(),
        "provenance": {
            **provenance(row.page, connections),
            "source_id": row.source_id,
            "idempotency_key": row.idempotency_key,
            "contract_version": row.contract_version,
        },
        "created_at": _iso(row.created_at),
        "updated_at": _iso(row.updated_at),
    }


def version_view(row: VersionRow, connections: Mapping[int, str]) -> dict[str, Any]:
    """Return one version of a document and where it came from."""
    return {
        "id": spell_version(spell_document(row.page.connection_id, row.document_id), row.version),
        "version": row.version,
        "superseded": row.superseded,
        "payload": row.payload,
        "payload_hash": row.payload_hash.hex(),
        "provenance": {
            **provenance(row.page, connections),
            "source_id": row.source_id,
            "contract_version": row.contract_version,
        },
    }


def provenance(page: PageRow, connections: Mapping[int, str]) -> dict[str, Any]:
    """Return what the versions of a page share."""
    return {
        "connection": connections.get(page.connection_id),
        "connector": page.connector,
        "connector_version": page.connector_version,
        "stream": page.stream,
        "request" if page.mode == REST else "run": page.run_id,
        "attempt": page.attempt,
        "mode": page.mode,
        "scheduled_for": _iso(page.scheduled_for),
        "receipt": page.receipt_id,
        "exchange": page.exchange,
        "ingested_at": _iso(page.committed_at),
    }


def quarantine_view(row: QuarantineRow, connections: Mapping[int, str]) -> dict[str, Any]:
    """Return a refused record with everything that is wrong with it."""
    return {
        "id": str(row.id),
        "connection": connections.get(row.connection_id),
        "stream": row.stream,
        "document_type": row.document_type,
        "idempotency_key": row.idempotency_key,
        "source_id": row.source_id,
        "reason": row.reason,
        "message": row.message,
        "errors": row.errors,
        "payload": row.payload,
        "state": row.state,
        "times": row.times,
        "run": row.run_id,
        "replayed_by": row.replayed_run_id,
        "source_time": _iso(row.source_time),
        "first_seen_at": _iso(row.first_seen_at),
        "last_seen_at": _iso(row.last_seen_at),
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
