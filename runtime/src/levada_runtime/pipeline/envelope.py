"""Events as pipelines see them. A document's event carries its version's payload and where that came from."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from levada_runtime.foundation.ids import spell_document, spell_event
from levada_runtime.ingest.views import provenance
from levada_runtime.store.contents import Content
from levada_runtime.store.model import EventRow

DEEPEST_CHAIN = 8
"""How many pipelines may follow one from another before the chain stops."""


def envelope(row: EventRow, content: Content | None, connections: Mapping[int, str]) -> dict[str, Any]:
    """Return an event's envelope; `content` is what a document's event tells of."""
    told: dict[str, Any] = {
        "id": spell_event(row.connection_id, row.id),
        "type": row.type,
        "source": row.source,
        "received_at": _iso(row.received_at),
        "payload": row.payload if row.document_id is None else content.payload if content else None,
        "provenance": _provenance(row, content, connections),
        "cause": row.cause,
    }
    if row.document_id is not None:
        told["document"] = {
            "id": spell_document(row.connection_id, row.document_id),
            "version": row.version,
            "previous": row.previous,
        }
    return told


def caused(row: EventRow, pipeline: str) -> dict[str, Any]:
    """Return the cause of whatever `pipeline` does about an event.

    It lists every pipeline on the way, none of which runs on what follows; a chain that has become too long says so.
    """
    before = row.cause or {}
    depth = before.get("depth", 0) + 1
    cause = {
        "event": spell_event(row.connection_id, row.id),
        "pipelines": [*before.get("pipelines", ()), pipeline],
        "depth": depth,
    }
    return {**cause, "stopped": True} if depth >= DEEPEST_CHAIN else cause


def caused_by(row: EventRow, pipeline: str) -> bool:
    """Tell whether the pipeline had a part in the event, directly or through others."""
    return pipeline in (row.cause or {}).get("pipelines", ())


def is_too_deep(row: EventRow) -> bool:
    """Tell whether the chain that led to the event is as long as one may be."""
    return bool((row.cause or {}).get("depth", 0) >= DEEPEST_CHAIN)


def subject_of(row: EventRow) -> str | None:
    """Return what an event is in line with: a document, an entity, or nothing."""
    return row.subject if row.document_id is None else f"document:{row.connection_id}:{row.document_id}"


def _provenance(row: EventRow, content: Content | None, connections: Mapping[int, str]) -> dict[str, Any] | None:
    if content is not None and content.page is not None:
        return {
            **provenance(content.page, connections),
            "source_id": content.source_id,
            "idempotency_key": content.idempotency_key,
            "contract_version": content.contract_version,
        }
    return {"timestamp": _iso(row.happened_at)} if row.happened_at else None


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
